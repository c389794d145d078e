// What becomes of a node when its Postgres stands still, is full, has no connection left, or is replaced by its standby.
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import pg from 'pg';
import {copyCluster} from '#test/support/cluster-copy.ts';
import {mountSmallDisk} from '#test/support/disk-room.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {startTcpProxy} from '#test/support/tcp-proxy.ts';
import {WAIT} from '#test/support/wait.ts';
import type {Person} from '#test/support/world.ts';
import {checkWritten} from './check-written.ts';
import {asking} from './node-callers.ts';
import {openCompany, startOwnPostgres, type OwnPostgres} from './own-postgres.ts';
import {startSteadyWriter} from './steady-writer.ts';
import type {WholeNode} from './whole-node.ts';

/** Waits to hear that a lane has given up. */
const PATIENT = {patienceMs: 30_000};
const LONG = {timeout: 180_000};

/** A pool of the owner of everything. */
function ownerOf({url}: Pick<OwnPostgres, 'url'>, max = 1): pg.Pool {
  const pool = new pg.Pool({connectionString: url, max});
  // Connections break here; that is the test.
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  return pool;
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition, WAIT).toBe(true);

const readiness = async (person: Person, node: WholeNode): Promise<number> =>
  (await asking(person, node).get('/readyz')).status;

/** Signals all processes of a Postgres. */
async function signalAll({dataDir}: OwnPostgres, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const pid = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const {stdout} = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const children = [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].flatMap(([, child, parent]) =>
    Number(parent) === pid ? [Number(child)] : [],
  );
  for (const each of [pid, ...children]) process.kill(each, signal);
}

test('a Postgres that stands still is waited for', LONG, async () => {
  const postgres = await startOwnPostgres();
  const company = await openCompany();
  const node = await company.startNode(postgres.url);
  const person = await company.newManager(node);
  const writer = startSteadyWriter(person, () => node.port);
  onTestFinished(() => writer.abandon());
  await writer.more(3);
  await signalAll(postgres, 'SIGSTOP');
  // It must not stay so if something fails.
  onTestFinished(() => signalAll(postgres, 'SIGCONT').catch(() => undefined));
  const before = writer.acknowledged.length;
  expect(await readiness(person, node)).toBe(503);
  expect(writer.acknowledged.length - before).toBeLessThanOrEqual(1);
  await signalAll(postgres, 'SIGCONT');
  await expect.poll(() => readiness(person, node), WAIT).toBe(200);
  await writer.more(5);
  await writer.stop();
  await checkWritten(writer, {owner: ownerOf(postgres), person, port: node.port});
});

test('without a free connection devices are told to try again, until there is one', LONG, async () => {
  const connections = 12;
  const postgres = await startOwnPostgres({max_connections: `${connections}`});
  const company = await openCompany();
  const node = await company.startNode(postgres.url);
  const person = await company.newManager(node);
  const writer = startSteadyWriter(person, () => node.port, PATIENT);
  onTestFinished(() => writer.abandon());
  await writer.more(3);
  const hogs: pg.Client[] = [];
  const takeAll = async (): Promise<void> => {
    for (let isFree = true; isFree;) {
      const hog = new pg.Client({connectionString: postgres.url});
      hog.on('error', () => undefined);
      isFree = await hog.connect().then(
        () => hogs.push(hog) > 0,
        () => false,
      );
    }
  };
  // Those of the node end, and go to others, until others have all there are. That the node has none proves nothing:
  // a connection that is being opened or closed holds its place and is not listed.
  const takeThoseOfNode = async (): Promise<number> => {
    await takeAll();
    await hogs[0]?.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'whole node'`,
    );
    return hogs.length;
  };
  await expect.poll(takeThoseOfNode, WAIT).toBe(connections);
  await until(() => writer.retries.length > 0);
  expect(new Set(writer.retries)).toEqual(new Set(['not_ready']));
  await expect.poll(() => readiness(person, node), WAIT).toBe(503);
  await Promise.all(hogs.map((hog) => hog.end()));
  await writer.more(5);
  await writer.stop();
  await expect.poll(() => readiness(person, node), WAIT).toBe(200);
  await checkWritten(writer, {owner: ownerOf(postgres), person, port: node.port});
});

test('on a full disk devices are told to try again, until there is room', LONG, async () => {
  const postgres = await startOwnPostgres();
  const company = await openCompany();
  const node = await company.startNode(postgres.url);
  const person = await company.newManager(node);
  const owner = ownerOf(postgres, 2);
  const disk = await mountSmallDisk(16, join(postgres.dataDir, 'postgres'));
  // Where nothing may be mounted, Postgres is made to say what it says of a full disk.
  const [fill, empty] =
    disk === null
      ? [
          () =>
            owner.query(`
              CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
              CREATE TRIGGER no_room BEFORE INSERT ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION no_room()`),
          () => owner.query('DROP FUNCTION no_room CASCADE'),
        ]
      : [() => disk.fill(), () => disk.empty()];
  if (disk !== null) {
    await owner.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await owner.query('ALTER TABLE audit_logs SET TABLESPACE small');
  }
  const writer = startSteadyWriter(person, () => node.port, PATIENT);
  onTestFinished(() => writer.abandon());
  await writer.more(3);
  await fill();
  // What fits into the pages there are still does.
  await until(() => writer.retries.length > 0);
  expect(new Set(writer.retries)).toEqual(new Set(['not_ready']));
  expect(node.faults).toContain('away');
  await empty();
  await writer.more(5);
  await writer.stop();
  await checkWritten(writer, {owner, person, port: node.port});
  if (disk !== null) await owner.query('ALTER TABLE audit_logs SET TABLESPACE pg_default');
});

test('a standby that every COMMIT waits for takes over with all that was acknowledged', LONG, async () => {
  const primary = await startOwnPostgres();
  const company = await openCompany();
  const proxy = await startTcpProxy(primary.url);
  const ended: string[] = [];
  const node = await company.startNode(proxy.url, {onLineChanged: () => void ended.push('line')});
  const person = await company.newManager(node);

  const to = join(await makeScratchFolder(), 'standby');
  await copyCluster({url: primary.url, from: primary.dataDir, to, purpose: 'standby'});
  const {hostname, port, username, password} = new URL(primary.url);
  const source = `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`;
  const standby = await startOwnPostgres({primary_conninfo: source}, to);
  const owner = ownerOf(primary);
  await owner.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`);
  await owner.query('SELECT pg_reload_conf()');
  const isWaitedFor = async (): Promise<boolean> =>
    (await owner.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`)).rowCount === 1;
  await expect.poll(isWaitedFor, WAIT).toBe(true);

  let current = node;
  const writer = startSteadyWriter(person, () => current.port);
  onTestFinished(() => writer.abandon());
  await writer.more(20);
  await primary.kill();
  const promoted = ownerOf(standby);
  await promoted.query('SELECT pg_promote(true, 60)');
  proxy.aim(standby.url);
  // The node that knew the old line finds out with its next connection, and asks to be started anew.
  await until(() => ended.length > 0);
  await node.stop();
  current = await company.startNode(proxy.url);
  await writer.more(5);
  await writer.stop();
  await checkWritten(writer, {owner: promoted, person, port: current.port});
});
