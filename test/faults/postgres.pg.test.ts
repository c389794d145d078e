// What becomes of a node when its Postgres stands still.
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import pg from 'pg';
import type {Person} from '#test/support/world.ts';
import {checkWritten} from './check-written.ts';
import {asking} from './node-callers.ts';
import {openCompany, startOwnPostgres, type OwnPostgres} from './own-postgres.ts';
import {startSteadyWriter} from './steady-writer.ts';
import type {WholeNode} from './whole-node.ts';

const LONG = {timeout: 180_000};
const WAIT = {timeout: 60_000, interval: 20};

/** A pool of the owner of everything. */
function ownerOf({url}: Pick<OwnPostgres, 'url'>, max = 1): pg.Pool {
  const pool = new pg.Pool({connectionString: url, max});
  // Connections break here; that is the test.
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  return pool;
}

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
