// The kill test: node --import ./load-typescript.js test/faults/kill.ts --rounds 30 [--nodes 3] [--minutes 60] [--seed 1].
// Servers under load are killed at random moments, and their Postgres too, and started again; then every write that any
// device was ever told is durable must be there, once. One server with its own Postgres, or with --nodes several on one.
// Ends after so many rounds or minutes, whichever comes first. Exit code 1 if anything is wrong; the data folder is then
// kept. With --prove the database reports commits before they are on disk: then the test must find writes lost, and exits
// with 1 if not.
// I1 of docs/reliability.md.
import {chmod, mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import pg from 'pg';
import {randomFrom} from '#test/support/random.ts';
import {checkDatabase, checkDocuments, checkRows, type Access, type Faults} from './kill-check.ts';
import {databaseUrl} from './kill-server.ts';
import {startFleet, startSingle, type Site} from './kill-site.ts';
import {prepareTenant, startLoad, type Load} from './kill-stage.ts';

const DEVICES = {json: 3, yjs: 3, live: 3};
/** Milliseconds of load before a kill. */
const LOAD_MS = {min: 100, max: 1_500};
const FULL_CHECK_ROUNDS = 10;
/** Rounds on one tenant: a check reads all of it. */
const TENANT_ROUNDS = 100;

const {values} = parseArgs({
  options: {
    rounds: {type: 'string'},
    nodes: {type: 'string'},
    minutes: {type: 'string'},
    seed: {type: 'string'},
    prove: {type: 'boolean', default: false},
  },
});
const rounds = Number(values.rounds ?? 30);
const nodes = Number(values.nodes ?? 1);
const endAt = performance.now() + Number(values.minutes ?? Infinity) * 60_000;
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = randomFrom(seed);

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

const faults: Faults = {lost: [], doubled: [], other: []};
const hasFaults = (): boolean => faults.lost.length + faults.doubled.length + faults.other.length > 0;
const totals = {
  rounds: 0,
  acknowledged: 0,
  checked: 0,
  resent: 0,
  changes: 0,
  conflicts: 0,
  records: 0,
  interruptionsMs: [] as number[],
};

/** A server that answers now, as the checks ask one. */
const at = (site: Site, access: Access): Access => ({...access, url: site.urls()[0] ?? access.url});

async function fullCheck(load: Load, where: Access & {dataDir: string}) {
  // Whoever waits for what was lost waits for ever.
  if (!hasFaults()) await load.pause();
  const {writes} = await load.report();
  if (!hasFaults()) {
    for (const {acked, name} of writes) if (!acked) faults.other.push(`${name} was never acknowledged`);
  }
  await checkRows(where, writes, faults);
  await checkDocuments(where, writes, faults);
  const counts = await checkDatabase(where, writes, faults);
  load.tell({kind: 'resume'});
  return counts;
}

async function runOnTenant(site: Site, dataDir: string): Promise<void> {
  const {access, shared} = await prepareTenant(site.urls()[0] ?? '', dataDir);
  const {token, tenantId} = access;
  const load = startLoad({token, tenantId, shared, devices: DEVICES}, (message) =>
    faults.other.push(`a device was refused what it must be able to write: ${message}`),
  );
  load.tell({kind: 'servers', urls: site.urls()});
  load.tell({kind: 'resume'});
  const last = Math.min(rounds, totals.rounds + TENANT_ROUNDS);
  while (totals.rounds < last && performance.now() < endAt && !hasFaults()) {
    const round = ++totals.rounds;
    await delay(LOAD_MS.min + random.integer(LOAD_MS.max - LOAD_MS.min));
    await site.strike(round);
    // Noted before anything is mended: with one server, exactly what devices had been told by then.
    const {writes} = await load.report();
    await site.mend();
    load.tell({kind: 'servers', urls: site.urls()});
    // With several nodes it is looked at less often: a round is short, and reading everything is not.
    if (nodes > 1 && round % FULL_CHECK_ROUNDS > 0) continue;
    await checkRows(at(site, access), writes, faults);
    totals.checked += writes.filter(({acked}) => acked).length;
    if (nodes === 1 && round % FULL_CHECK_ROUNDS === 0 && round < last)
      await fullCheck(load, {...at(site, access), dataDir});
  }
  load.tell({kind: 'servers', urls: site.urls()});
  const counts = await fullCheck(load, {...at(site, access), dataDir});
  const {writes, resent, interruptionsMs} = await load.report();
  load.end();
  totals.acknowledged += writes.filter(({acked}) => acked).length;
  totals.checked += writes.length;
  totals.resent += resent;
  totals.interruptionsMs.push(...interruptionsMs);
  totals.changes = counts.changes;
  totals.conflicts = counts.conflicts;
  totals.records = counts.records;
}

async function run(dataDir: string): Promise<void> {
  const site = nodes > 1 ? await startFleet(dataDir, {nodes, random}) : await startSingle(dataDir, random);
  if (values.prove) await commitWithoutDisk(dataDir);
  while (totals.rounds < rounds && performance.now() < endAt && !hasFaults()) {
    await runOnTenant(site, dataDir);
    if (rounds > TENANT_ROUNDS) report(site);
  }
  faults.other.push(...(await site.stop()));
  report(site);
}

function report({figures}: Site): void {
  const [ready, interruptions] = [figures.readyMs, totals.interruptionsMs].map((ms) =>
    ms.toSorted((a, b) => a - b),
  );
  const at = (sorted: readonly number[] | undefined, share: number): number =>
    Math.round(sorted?.[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  console.table({
    rounds: totals.rounds,
    'servers killed': figures.nodeKills,
    'Postgres stopped at once': figures.postgresKills,
    'writes acknowledged': totals.acknowledged,
    'acknowledged writes checked, over all rounds': totals.checked,
    lost: faults.lost.length,
    doubled: faults.doubled.length,
    'other differences': faults.other.length,
    'writes sent more than once': totals.resent,
    'log rows': totals.changes,
    conflicts: totals.conflicts,
    records: totals.records,
    'a started server ready after, ms: p50': at(ready, 0.5),
    'a started server ready after, ms: max': at(ready, 1),
    'interruptions of a device': totals.interruptionsMs.length,
    'a device interrupted, ms: p50': at(interruptions, 0.5),
    'a device interrupted, ms: p99': at(interruptions, 0.99),
    'a device interrupted, ms: max': at(interruptions, 1),
  });
  for (const fault of [...faults.lost, ...faults.doubled, ...faults.other].slice(0, 40)) console.error(fault);
}

const started = Date.now();
console.log(`kill test: ${rounds} rounds, ${nodes} nodes, seed ${seed}`);
const dataDir = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-kill-'));
// As root, Postgres runs as another user, which must get in.
await chmod(dataDir, 0o711);
await run(dataDir);
const isGreen = values.prove ? faults.lost.length > 0 : !hasFaults();
console.log(`${isGreen ? 'green' : 'RED'} after ${((Date.now() - started) / 1_000).toFixed(1)} s`);
if (isGreen) await rm(dataDir, {recursive: true, force: true});
else console.error(`Its data: ${dataDir}`);
process.exit(isGreen ? 0 : 1);
