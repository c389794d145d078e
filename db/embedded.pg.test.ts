// The embedded database on the machine the tests run on, with processes and users as they are. Started as root,
// these tests also cover an ordinary user and a home of mode 0700; started by an ordinary user, the latter is skipped.
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {chmod, chown, cp, lstat, readdir, readFile, readlink, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createInterface} from 'node:readline';
import pg from 'pg';
import {expect, onTestFinished, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {startEmbedded, stopImmediately, type Embedded, type EmbeddedOptions} from './embedded.ts';
import {chooseAccount, exitStatus, type Account} from './embedded/account.ts';
import {findPostmaster} from './embedded/pid-file.ts';
import {installedPrograms} from './embedded/programs.ts';

const isRoot = process.getuid?.() === 0;
const project = fileURLToPath(new URL('..', import.meta.url));
const holder = join(project, 'test/support/hold-embedded.ts');
/** An ordinary user: as root one without rights, else ourselves. */
const ordinary: Account | undefined = await chooseAccount('/nonexistent');
const canOrdinaryRunProject =
  (await exitStatus(ordinary, process.execPath, [
    '-e',
    `require('fs').readdirSync(${JSON.stringify(project)})`,
  ])) === 0;
if (!isRoot) process.stderr.write('not root: a home of mode 0700 that Postgres cannot enter is not tried\n');
if (!canOrdinaryRunProject)
  process.stderr.write(`user ${ordinary?.uid} cannot enter ${project}: it is not tried as that user\n`);

const makeDataDir = async () => join(await makeScratchFolder(), 'data');

async function start(options: EmbeddedOptions): Promise<Embedded> {
  const embedded = await startEmbedded(options);
  onTestFinished(() => embedded.stop());
  return embedded;
}

async function query(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({connectionString: url});
  client.on('error', () => undefined);
  await client.connect();
  const {rows} = await client.query<{value: unknown}>(text).finally(() => client.end());
  return rows[0]?.value;
}

/** Starts a process that holds the database of `dataDir`; resolves once it does. */
async function startHolder(
  account: Account | undefined,
  args: string[],
): Promise<{child: ChildProcess; url: string}> {
  const child = spawn(process.execPath, ['--import', './load-typescript.js', holder, ...args], {
    ...account,
    cwd: project,
    env: {PATH: process.env.PATH, TMPDIR: tmpdir()},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({input: child.stdout});
  const [url] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])])) as [string];
  expect(url).toMatch(/^postgresql:/);
  return {child, url};
}

async function end(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
  expect(child.exitCode).toBe(0);
}

test('a new DATA_DIR becomes a UTF-8 database on 127.0.0.1 that keeps what is committed', async () => {
  const dataDir = await makeDataDir();
  const {url} = await start({dataDir});
  expect(await query(url, `SELECT current_setting('fsync') AS value`)).toBe('on');
  expect(await query(url, `SELECT current_setting('listen_addresses') AS value`)).toBe('127.0.0.1');
  const encoding = `SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale) AS value
    FROM pg_database WHERE datname = current_database()`;
  expect(await query(url, encoding)).toBe('UTF8 b C.UTF-8');
  expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o777).toBe(0o600);
});

test('a wrong password is refused', async () => {
  const {url} = await start({dataDir: await makeDataDir()});
  const wrong = new URL(url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({code: '28P01'});
});

test('data survives a stop and an immediate stop', async () => {
  const dataDir = await makeDataDir();
  const first = await startEmbedded({dataDir});
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
  await first.stop();
  const second = await startEmbedded({dataDir});
  await query(second.url, 'UPDATE kept SET value = value + 1');
  await second.kill();
  const third = await start({dataDir});
  expect(await query(third.url, 'SELECT value FROM kept')).toBe(2);
});

test('what fails in Postgres leaves no values in its log', async () => {
  const dataDir = await makeDataDir();
  const {url} = await start({dataDir});
  await expect(query(url, `SELECT 'canary'::int`)).rejects.toThrow('canary');
  expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain('canary');
});

test('a DATA_DIR in use is refused, naming the process that uses it, and is free after a stop', async () => {
  const dataDir = await makeDataDir();
  const {child} = await startHolder(undefined, [dataDir]);
  await expect(startEmbedded({dataDir})).rejects.toThrow(
    `DATA_DIR ${dataDir} is in use by process ${child.pid}`,
  );
  await end(child);
  await start({dataDir});
  await expect(startEmbedded({dataDir})).rejects.toThrow(`in use by process ${process.pid}`);
});

test('a database left running by a killed server is taken over, with its data', async () => {
  const dataDir = await makeDataDir();
  const {child, url} = await startHolder(undefined, [dataDir]);
  await query(url, 'CREATE TABLE kept AS SELECT 1 AS value');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = await findPostmaster(join(dataDir, 'postgres'));
  expect(left).toBeDefined();
  const messages: string[] = [];
  const embedded = await start({dataDir, log: (message) => messages.push(message)});
  expect(messages.join()).toContain(`process ${left}`);
  expect(await query(embedded.url, 'SELECT value FROM kept')).toBe(1);
});

test('files of a crash do not block, even where their pids belong to other processes now', async () => {
  const dataDir = await makeDataDir();
  const first = await startEmbedded({dataDir});
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
  const left = await readFile(pidFile, 'utf8');
  await first.kill();
  // A process of the user that runs Postgres: its pid in the file is what Postgres itself would stop at.
  const other = spawn('/bin/sh', ['-c', 'read -r line'], {
    ...ordinary,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(() => void other.kill('SIGKILL'));
  await writeFile(pidFile, left.replace(/^\d+/, String(other.pid)));
  if (ordinary !== undefined) await chown(pidFile, ordinary.uid, ordinary.gid);
  await writeFile(join(dataDir, `server-${other.pid}-1.lock`), '');
  const embedded = await start({dataDir});
  expect(await query(embedded.url, 'SELECT value FROM kept')).toBe(1);
  expect((await readdir(dataDir)).filter((name) => name.endsWith('.lock'))).toHaveLength(1);
});

test('of servers that start at once exactly one gets the DATA_DIR', async () => {
  const dataDir = await makeDataDir();
  const starts = await Promise.allSettled([1, 2, 3].map(() => startHolder(undefined, [dataDir])));
  const started = starts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(started).toHaveLength(1);
  for (const {child} of started) await end(child);
});

test('a Postgres that crashes can be started again after stop', async () => {
  const dataDir = await makeDataDir();
  const first = await startEmbedded({dataDir});
  await stopImmediately(dataDir);
  await first.stop();
  await start({dataDir});
});

test('missing links between libraries are made', async () => {
  const programs = join(await makeScratchFolder(), 'native');
  await cp(installedPrograms(), programs, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  });
  const {url} = await start({dataDir: await makeDataDir(), programs});
  expect(await query(url, 'SELECT 1 AS value')).toBe(1);
});

test.skipIf(!canOrdinaryRunProject)(
  'an ordinary user runs it, from a node_modules without links that it may not write to',
  async () => {
    const folder = await makeScratchFolder({mode: 0o755});
    const programs = join(folder, 'native');
    await cp(installedPrograms(), programs, {
      recursive: true,
      filter: async (path) => !(await lstat(path)).isSymbolicLink(),
    });
    await cp(join(installedPrograms(), '..', 'package.json'), join(folder, 'package.json'));
    const inside = await readdir(programs, {recursive: true, withFileTypes: true});
    const folders = inside
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const path of [programs, ...folders]) await chmod(path, 0o555);
    onTestFinished(async () => {
      for (const path of [programs, ...folders]) await chmod(path, 0o755);
    });
    const dataDir = await makeScratchFolder({mode: 0o700});
    if (ordinary !== undefined) await chown(dataDir, ordinary.uid, ordinary.gid);
    const {child, url} = await startHolder(ordinary, [dataDir, programs]);
    expect(await query(url, 'SELECT 1 AS value')).toBe(1);
    expect((await stat(join(dataDir, 'postgres-password'))).uid).toBe(ordinary?.uid ?? process.getuid?.());
    await end(child);
  },
);

test.skipIf(!isRoot)(
  'root below a home of mode 0700: data and programs are kept where Postgres can enter',
  async () => {
    const home = await makeScratchFolder({mode: 0o700});
    const dataDir = join(home, 'data');
    await cp(installedPrograms(), join(home, 'native'), {recursive: true, verbatimSymlinks: true});
    await cp(join(installedPrograms(), '..', 'package.json'), join(home, 'package.json'));
    const options = {dataDir, programs: join(home, 'native')};
    const messages: string[] = [];
    const first = await startEmbedded({...options, log: (message) => messages.push(message)});
    const elsewhere = dirname(await readlink(join(dataDir, 'postgres')));
    onTestFinished(() => rm(elsewhere, {recursive: true}));
    expect(messages.join('\n')).toContain(`the database is kept in ${elsewhere}`);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
    await first.stop();
    const second = await start(options);
    expect(await query(second.url, 'SELECT value FROM kept')).toBe(1);
  },
);
