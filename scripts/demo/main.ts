// `npm run demo`: a real server on a real Postgres, and three devices that share no code with it. Exits 1, and
// says which sentence was not true, if anything it shows does not hold. Leaves no process behind, and no file but the
// invoice, if told where to: `npm run demo -- invoice.pdf`.
import pg from 'pg';
import {ClaimFailed} from './claims.ts';
import {sendInvoice} from './invoice.ts';
import {assembleTeam, names} from './people.ts';
import {setScene} from './scene.ts';
import {startServerProcess, type ServerProcess} from './server-process.ts';
import {tellStory} from './story.ts';
import {bold, chapter, dim, green, print, red, title} from './terminal.ts';

async function run(server: ServerProcess): Promise<void> {
  const database = new pg.Client({connectionString: server.databaseUrl});
  await database.connect();
  try {
    const team = await assembleTeam(server);
    const scene = setScene({url: server.url, database, team, now: Date.now()});
    await tellStory(scene);
    chapter('The work is billed: two devices press send at the same moment');
    await sendInvoice(scene, {pdfFile: process.argv[2] ?? null});
  } finally {
    await database.end();
  }
}

function tell(error: unknown): void {
  if (error instanceof ClaimFailed) console.error(`\n  ${red('This did not hold:')} ${error.message}\n`);
  else console.error(error);
}

const started = Date.now();
const seconds = (): string => ((Date.now() - started) / 1_000).toFixed(1);
try {
  const server = await startServerProcess(Object.values(names));
  const interrupt = (): void => void server.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  title('Fieldmerge: three devices, one task, no network', `server and Postgres up in ${seconds()} s`);
  try {
    await run(server);
  } finally {
    await server.stop();
  }
  print();
  print(
    `  ${bold(green('Everything above held.'))} ${dim(`Read back from three devices, the API and Postgres; ${seconds()} s.`)}`,
  );
  print();
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
// A provider that goes on trying to reconnect must not keep a finished demo alive.
process.exit();
