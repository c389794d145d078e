// The demo's server, a process of its own: an embedded Postgres in a new folder, the real server on it, and people
// who are signed in. Tells its parent where they are. Stops and removes its files when the parent says so or is gone.
import {once} from 'node:events';
import {chmod, mkdtemp, readlink, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {startEmbedded, type Embedded} from '#db/embedded.ts';
import {readConfig} from '#server/config.ts';
import {createLogger} from '#server/logger.ts';
import {startServer, type RunningServer} from '#server/start.ts';

/** What the parent is told. */
export interface Served {
  readonly url: string;
  readonly databaseUrl: string;
  /** Tokens by the name of their person. */
  readonly tokens: Readonly<Record<string, string>>;
}

const people = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'fieldmerge-demo-'));
// As root, Postgres runs as another user, which must get in.
await chmod(folder, 0o711);
const dataDir = join(folder, 'data');

async function removeFiles(): Promise<void> {
  // Below a folder that Postgres cannot enter, its files are elsewhere and linked from here.
  const elsewhere = await readlink(join(dataDir, 'postgres')).catch(() => null);
  if (elsewhere !== null) await rm(dirname(elsewhere), {recursive: true, force: true});
  await rm(folder, {recursive: true, force: true});
}

/** Known before the server listens: links in its messages name it. */
async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const {port} = probe.address() as {port: number};
  probe.close();
  return String(port);
}

async function start(databaseUrl: string): Promise<RunningServer> {
  const PORT = await freePort();
  const read = readConfig({PORT, DATA_DIR: dataDir, DATABASE_URL: databaseUrl, LOG_LEVEL: 'silent'});
  if (!read.ok) throw new Error(read.faults.join('\n'));
  return startServer(read.config, createLogger({level: read.config.logLevel}));
}

async function issueTokens({developmentIssuer: issuer}: RunningServer): Promise<Record<string, string>> {
  if (issuer === null) throw new Error('The demo runs with the development issuer.');
  const tokens: Record<string, string> = {};
  for (const name of people) {
    const [first = ''] = name.toLowerCase().split(' ');
    tokens[name] = await issuer.issue({subject: `demo_${first}`, email: `${first}@example.com`, name});
  }
  return tokens;
}

let embedded: Embedded | undefined;
let server: RunningServer | undefined;
let ending: Promise<void> | undefined;
const end = (exitCode: number): void => {
  ending ??= (async () => {
    await server?.stop();
    await embedded?.stop();
    await removeFiles();
    process.exit(exitCode);
  })();
};
process.on('message', () => end(0));
process.on('disconnect', () => end(0));
// Ctrl-C reaches the whole group; the parent tells when to stop.
process.on('SIGINT', () => undefined);

try {
  embedded = await startEmbedded({dataDir});
  server = await start(embedded.url);
  const served: Served = {url: server.url, databaseUrl: embedded.url, tokens: await issueTokens(server)};
  process.send?.(served);
} catch (error) {
  console.error(error);
  end(1);
}
