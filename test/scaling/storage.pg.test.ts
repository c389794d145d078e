// What records, changes and conflicts take up on a real database, indexes included: the figures that docs/scaling.md and
// scripts/scaling/carried.ts reckon with.
import {expect, test, vi} from 'vitest';
import {createArena, query, type Arena, type Node} from '../support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '../support/submissions.ts';
import {WAIT} from '../support/wait.ts';
import {measuredBytes} from '../../scripts/scaling/carried.ts';

const RECORDS = 400;
const ROUNDS = 5;
const CONFLICTS = 400;

async function start(): Promise<{arena: Arena; node: Node}> {
  const arena = await createArena();
  return {arena, node: await arena.startNode()};
}

/**
 * Until no transaction can still see what is dead by now, else VACUUM would not remove it. Those of other databases count
 * too: whoever writes there is as far back as VACUUM itself sees.
 */
async function nobodySeesDeadRows(arena: Arena): Promise<void> {
  const [now] = await query<{xid: string}>(arena, `SELECT pg_current_xact_id()::text AS xid`);
  await vi.waitUntil(async () => {
    const [found] = await query<{isSeen: boolean}>(
      arena,
      `SELECT pg_snapshot_xmin(pg_current_snapshot()) <= $1::xid8 OR EXISTS (
         SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND age(backend_xmin) > age(($1::xid8)::xid)) AS "isSeen"`,
      [now!.xid],
    );
    return !found!.isSeen;
  }, WAIT);
}

/** As it is once dead rows are gone: what the live ones need. */
async function sizesOf(arena: Arena, tables: readonly string[]): Promise<number> {
  await nobodySeesDeadRows(arena);
  let bytes = 0;
  for (const table of tables) {
    await arena.owner.query(`VACUUM FULL ${table}`);
    const [row] = await query<{bytes: number}>(
      arena,
      `SELECT pg_total_relation_size($1::regclass)::int AS bytes`,
      [table],
    );
    bytes += row!.bytes;
  }
  return bytes;
}

const title = (n: number): string => `Service of the boiler in the cellar, visit ${n}`;

test('a record, a change and a conflict take up what the calculation says', async () => {
  const {arena, node} = await start();
  const {manager} = arena;
  const recordTables = ['records', 'tasks'];
  const changeTables = ['audit_logs', 'push_results'];
  const empty = {records: await sizesOf(arena, recordTables), changes: await sizesOf(arena, changeTables)};

  const tasks = Array.from({length: RECORDS}, (_, n) => newTask(manager, title(n)));
  const details = {
    priority: 'high',
    dueAt: '2026-03-01T08:00:00.000Z',
    notes: {append: 'Mind the dog. '.repeat(5)},
  };
  await Promise.all(tasks.map(({create}) => node.submit(create)));
  await Promise.all(
    tasks.map(({entity, id}) => node.submit(jsonSubmission(manager, {entity, id, payload: details}))),
  );
  const records = await sizesOf(arena, recordTables);
  const before = await sizesOf(arena, changeTables);
  for (let round = 0; round < ROUNDS; round++) {
    const payload = {status: round % 2 === 0 ? 'in_progress' : 'on_hold', title: title(round)};
    await Promise.all(
      tasks.map(({entity, id}) => node.submit(jsonSubmission(manager, {entity, id, payload}))),
    );
  }
  const after = await sizesOf(arena, changeTables);

  const other = await arena.tenancy.onNewDevice(manager);
  const noConflicts = await sizesOf(arena, ['conflict_logs']);
  const receipts = await Promise.all(
    tasks
      .slice(0, CONFLICTS)
      .map((task, n) => node.submit(createReplica(other, task).set('title', `Unseen ${n}`))),
  );
  const conflicts = await sizesOf(arena, ['conflict_logs']);
  expect(receipts.every(({kind}) => kind === 'applied')).toBe(true);

  const measured = {
    record: (records - empty.records) / RECORDS,
    change: (after - before) / (RECORDS * ROUNDS),
    conflict: (conflicts - noConflicts) / CONFLICTS,
  };
  console.log(
    `storage: ${Object.entries(measured)
      .map(([what, bytes]) => `${Math.round(bytes)} bytes per ${what}`)
      .join(', ')}`,
  );
  for (const [what, bytes] of Object.entries(measured)) {
    const reckoned = measuredBytes[what as keyof typeof measured];
    expect([what, bytes / reckoned > 0.7 && bytes / reckoned < 1.4]).toEqual([what, true]);
  }
});
