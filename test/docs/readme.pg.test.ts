// The README keeps its word: `npm start` as it is in package.json, then its commands as they stand, in order. Only the
// port differs, so that nothing else that listens is disturbed.
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';

const README_URL = '127.0.0.1:8787';
const readme = readFileSync('README.md', 'utf8');
const {scripts} = JSON.parse(readFileSync('package.json', 'utf8')) as {scripts: Record<string, string>};

/** The commands below `<!-- run: name -->`. */
function commandOf(name: string): string {
  const found = new RegExp(`<!-- run: ${name} -->\\s*\`\`\`sh\\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no command named ${name}.`);
  return found;
}

interface Started {
  /** host:port. */
  readonly host: string;
  /** What its output tells to export. */
  readonly exported: Record<string, string>;
  readonly dataDir: string;
}

/** PORT=0 and DATA_DIR apart, as a newcomer starts it. */
async function startAsTold(): Promise<Started> {
  const dataDir = await makeScratchFolder();
  const server = spawn('sh', ['-c', scripts['start'] ?? ''], {
    env: {...process.env, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'silent', NODE_ENV: ''},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(server, 'exit');
  onTestFinished(async () => {
    server.kill('SIGTERM');
    await gone;
  });
  let told = '';
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    told += chunk.toString();
    if (told.includes('npm run demo')) break;
  }
  const host = /listens on http:\/\/(\S+)/.exec(told)?.[1];
  if (host === undefined) throw new Error(`The server did not say where it listens: ${told}`);
  const exported = [...told.matchAll(/export (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  return {host, dataDir, exported: Object.fromEntries(exported) as Record<string, string>};
}

async function run(name: string, {host, exported, dataDir}: Started): Promise<string> {
  const command = commandOf(name).replaceAll(README_URL, host);
  const env = {...process.env, ...exported, DATA_DIR: dataDir, NODE_ENV: ''};
  return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], {env})).stdout;
}

interface Pulled {
  readonly changes: readonly {readonly entity: string; readonly payload: Record<string, unknown>}[];
}

const pullTask = async (started: Started): Promise<Record<string, unknown> | undefined> =>
  (JSON.parse(await run('pull', started)) as Pulled).changes.find(({entity}) => entity === 'tasks')?.payload;

test('a first push, pull and live edit work as the README says', {timeout: 60_000}, async () => {
  const started = await startAsTold();
  expect(Object.keys(started.exported)).toEqual(['TOKEN', 'TENANT']);

  const pushed = JSON.parse(await run('push', started)) as {results: {status: string}[]};
  expect(pushed.results.map(({status}) => status)).toEqual(['applied']);
  expect(await pullTask(started)).toMatchObject({title: 'Fix the pump', status: 'scheduled'});

  const live = await run('live', started);
  expect(live).toMatch(/^before: \[ \d+, 'scheduled' \] The key is with the neighbour\.$/m);
  await expect
    .poll(() => pullTask(started), {timeout: 60_000})
    .toMatchObject({status: 'in_progress', notes: 'Started. The key is with the neighbour.'});

  // The last of its answers is the pull.
  const told = (await run('member', started)).replaceAll('}{', '}\n{').trim().split('\n');
  const seen = JSON.parse(told.at(-1) ?? '') as Pulled;
  expect(seen.changes.map(({entity}) => entity).sort()).toEqual(['employees', 'tasks']);
});

test('the two commands of the README are scripts that exist', () => {
  expect(readme).toContain('npm ci && npm start');
  expect(readme).toContain('npm ci && npm test');
  const named = [...readme.matchAll(/npm (?:run )?(?:--silent )?([a-z:-]+)/g)].map(([, name = '']) => name);
  const missing = named.filter((name) => !['ci'].includes(name) && scripts[name] === undefined);
  expect(missing).toEqual([]);
});

test('the Yjs of the README is some ten lines', () => {
  const lines = /<<'JS'\n([^]*?)\nJS/.exec(commandOf('live'))?.[1]?.split('\n') ?? [];
  expect(lines.length).toBeLessThanOrEqual(13);
});
