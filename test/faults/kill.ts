// The kill test: node --import tsx test/faults/kill.ts --rounds 30 [--seed 1]. A server under load is killed at a
// random moment, in half of the rounds its Postgres too, and started again; then every write that any device was
// ever told is durable must be there, once. Exit code 1 if not; the data folder is then kept. With --prove the
// database reports commits before they are on disk: then the test must find writes lost, and exits with 1 if not.
// I1 of docs/reliability.md.
import {fork, type ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {chmod, mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import pg from 'pg';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {randomFrom} from '#test/support/random.ts';
import {checkDatabase, checkDocuments, checkRows, type Access, type Faults} from './kill-check.ts';
import type {KillWrite, LoadAnswer, LoadCommand, LoadTask} from './kill-journal.ts';
import {crash, databaseUrl, startServerProcess, type ServerProcess} from './kill-server.ts';

const loadFile = fileURLToPath(new URL('kill-load.ts', import.meta.url));
const SHARED_RECORDS = 12;
const DEVICES = {json: 3, yjs: 3, live: 3};
/** Milliseconds of load before a kill. */
const LOAD_MS = {min: 100, max: 1_500};
const FULL_CHECK_ROUNDS = 10;

const {values} = parseArgs({
  options: {rounds: {type: 'string'}, seed: {type: 'string'}, prove: {type: 'boolean', default: false}},
});
const rounds = Number(values.rounds ?? 30);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = randomFrom(seed);

/** The load process, asked and told. */
interface Load {
  tell(command: LoadCommand): void;
  pause(): Promise<void>;
  report(): Promise<{writes: readonly KillWrite[]; resent: number}>;
  end(): void;
}

/** onFailed: told of what a device met that sending again does not cure. */
function startLoad(task: LoadTask, onFailed: (message: string) => void): Load {
  const child: ChildProcess = fork(loadFile, [JSON.stringify(task)], {execArgv: ['--import', 'tsx']});
  process.once('exit', () => child.kill('SIGKILL'));
  child.on('message', (message: LoadAnswer) => {
    if (message.kind === 'failed') onFailed(message.message);
  });
  const tell = (command: LoadCommand): void => void child.send(command);
  const answered = async <K extends LoadAnswer['kind']>(kind: K): Promise<Extract<LoadAnswer, {kind: K}>> => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [LoadAnswer];
      if (message.kind === kind) return message as Extract<LoadAnswer, {kind: K}>;
    }
  };
  return {
    tell,
    async pause() {
      const paused = answered('paused');
      tell({kind: 'pause'});
      await paused;
    },
    report() {
      const reported = answered('report');
      tell({kind: 'report'});
      return reported;
    },
    end: () => child.disconnect(),
  };
}

/** Every lane's transaction turns off what it relies on. */
async function commitWithoutDisk(dataDir: string): Promise<void> {
  const client = new pg.Client({connectionString: await databaseUrl(dataDir)});
  await client.connect();
  await client.query(`
    CREATE FUNCTION forget_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config('synchronous_commit', 'off', true); RETURN NULL; END $$;
    CREATE TRIGGER forget_disk AFTER INSERT ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION forget_disk()`);
  await client.end();
}

/** A manager's token and tenant, and the records that all devices write to. */
async function prepare(server: ServerProcess, dataDir: string): Promise<{access: Access; shared: string[]}> {
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const token = await issuer.issue({subject: 'kill_test', email: 'kill@example.com', name: 'Kill Test'});
  const post = async (path: string, body: object, headers: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers},
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const {id: tenantId} = (await post('/v1/tenants', {name: 'Kill test'})) as {id: string};
  const shared = Array.from({length: SHARED_RECORDS}, () => randomUUID());
  const changes = shared.map((entityId) => ({
    op: 'upsert',
    entity: 'tasks',
    entityId,
    clientUpdatedAt: new Date(0).toISOString(),
    payload: {title: 'Shared'},
  }));
  await post('/v1/sync/push', {deviceId: randomUUID(), changes}, {'x-tenant-id': tenantId});
  return {access: {url: server.url, token, tenantId}, shared};
}

interface Totals {
  readonly faults: Faults;
  readonly readyMs: number[];
  postgresStops: number;
  checked: number;
}

async function fullCheck(load: Load, where: Access & {dataDir: string}, {faults}: Totals) {
  if (!hasFaults(faults)) await load.pause();
  const {writes} = await load.report();
  const unanswered = writes.filter(({acked}) => !acked);
  if (!hasFaults(faults)) {
    for (const {name} of unanswered) faults.other.push(`${name} was never acknowledged`);
  }
  await checkRows(where, writes, faults);
  await checkDocuments(where, writes, faults);
  const counts = await checkDatabase(where, writes, faults);
  load.tell({kind: 'resume'});
  return counts;
}

const orders = ['server', 'server-first', 'server', 'postgres-first'] as const;

async function run(dataDir: string): Promise<Faults> {
  const totals: Totals = {
    faults: {lost: [], doubled: [], other: []},
    readyMs: [],
    postgresStops: 0,
    checked: 0,
  };
  let server = await startServerProcess(dataDir);
  if (values.prove) await commitWithoutDisk(dataDir);
  const {access, shared} = await prepare(server, dataDir);
  const {token, tenantId} = access;
  const load = startLoad({token, tenantId, shared, devices: DEVICES}, (message) =>
    totals.faults.other.push(`a device was refused what it must be able to write: ${message}`),
  );
  load.tell({kind: 'server', url: server.url});
  load.tell({kind: 'resume'});
  for (let round = 1; round <= rounds; round++) {
    await delay(LOAD_MS.min + random.integer(LOAD_MS.max - LOAD_MS.min));
    const order = orders[round % orders.length] ?? 'server';
    if (order !== 'server') totals.postgresStops++;
    await crash(server, {dataDir, order, gapMs: random.integer(60)});
    // Noted while nothing runs: exactly what devices had been told by then.
    const {writes} = await load.report();
    server = await startServerProcess(dataDir);
    totals.readyMs.push(server.readyMs);
    load.tell({kind: 'server', url: server.url});
    const where = {...access, url: server.url, dataDir};
    await checkRows(where, writes, totals.faults);
    totals.checked += writes.filter(({acked}) => acked).length;
    if (round % FULL_CHECK_ROUNDS === 0 && round < rounds) await fullCheck(load, where, totals);
    if (hasFaults(totals.faults)) break;
  }
  const counts = await fullCheck(load, {...access, url: server.url, dataDir}, totals);
  // Whoever waits for what was lost waits for ever.
  if (!hasFaults(totals.faults)) await load.pause();
  const {writes, resent} = await load.report();
  load.end();
  if ((await server.stop()) !== 0) totals.faults.other.push('the server did not stop in order');
  const sorted = totals.readyMs.toSorted((a, b) => a - b);
  const {faults} = totals;
  console.table({
    rounds: totals.readyMs.length,
    'of them with Postgres stopped at once': totals.postgresStops,
    'writes acknowledged': writes.filter(({acked}) => acked).length,
    'acknowledged writes checked, over all rounds': totals.checked,
    lost: faults.lost.length,
    doubled: faults.doubled.length,
    'other differences': faults.other.length,
    'writes sent more than once': resent,
    'log rows': counts.changes,
    conflicts: counts.conflicts,
    records: counts.records,
    'ready again after, ms (median)': Math.round(sorted[sorted.length >> 1] ?? 0),
    'ready again after, ms (longest)': Math.round(sorted.at(-1) ?? 0),
  });
  for (const fault of [...faults.lost, ...faults.doubled, ...faults.other].slice(0, 40)) console.error(fault);
  return faults;
}

const hasFaults = ({lost, doubled, other}: Faults): boolean =>
  lost.length + doubled.length + other.length > 0;

const started = Date.now();
console.log(`kill test: ${rounds} rounds, seed ${seed}`);
const dataDir = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-kill-'));
// As root, Postgres runs as another user, which must get in.
await chmod(dataDir, 0o711);
const faults = await run(dataDir);
const isGreen = values.prove ? faults.lost.length > 0 : !hasFaults(faults);
console.log(`${isGreen ? 'green' : 'RED'} after ${((Date.now() - started) / 1_000).toFixed(1)} s`);
if (isGreen) await rm(dataDir, {recursive: true, force: true});
else console.error(`Its data: ${dataDir}`);
process.exit(isGreen ? 0 : 1);
