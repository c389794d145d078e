// The lane on a real database: groups, receipts, positions.
import {setImmediate as turn} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {LANE_QUEUE_MAX} from '#crdt/protocol/limits.ts';
import {createArena, kept, query, untilWaiting} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';

const transactions = async (arena: Awaited<ReturnType<typeof createArena>>): Promise<number> => {
  const [row] = await query<{n: number}>(arena, 'SELECT count(DISTINCT group_seq) AS n FROM audit_logs');
  return row!.n;
};

test('changes submitted together are committed together', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const before = await transactions(arena);
  const receipts = await Promise.all(
    Array.from({length: 400}, (_, index) => node.submit(newTask(arena.manager, `Task ${index}`).create)),
  );
  expect(receipts.every(({kind}) => kind === 'applied')).toBe(true);
  expect((await transactions(arena)) - before).toBeLessThanOrEqual(2);
  expect(node.groups.reduce((sum, changes) => sum + changes, 0)).toBe(400);
  expect(node.faults).toEqual([]);
});

test('a tenant that floods while another has changes too is committed in small groups', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const other = await arena.tenancy.newTenant();
  await Promise.all([
    node.submit(newTask(other.manager).create),
    ...Array.from({length: 30}, () => node.submit(newTask(arena.manager).create)),
  ]);
  expect(node.groups.toSorted((a, b) => a - b)).toEqual([1, 14, 16]);
});

test('large changes are committed in groups of bounded size, those that must be refused too', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const large = createReplica(arena.manager, task).set('title', 'x'.repeat(65_000));
  await Promise.all(Array.from({length: 70}, () => node.submit(large)));
  expect(node.groups).toEqual([1, 65, 5]);
});

// I2 of docs/reliability.md.
test('a receipt comes after COMMIT: not while the tenant counter is held elsewhere', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  const holder = await arena.owner.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [arena.tenantId]);
  let hasReceipt = false;
  const receipt = node.submit(task.create).finally(() => {
    hasReceipt = true;
  });
  await untilWaiting(arena);
  for (let turns = 0; turns < 100; turns++) await turn();
  expect(hasReceipt).toBe(false);
  expect(await node.service.feed.readOne(arena.manager, task)).toBeUndefined();
  expect((await node.service.feed.readPage(arena.manager, {after: 0, limit: 10})).items).toEqual([]);
  expect(node.service.cache.get(arena.tenantId, task)).toBeUndefined();
  await holder.query('COMMIT');
  holder.release();
  expect((await receipt).kind).toBe('applied');
  expect(await node.service.feed.readOne(arena.manager, task)).toBeDefined();
});

test('a change handed in at any moment around the end of a run is not left behind', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  for (let ticks = 0; ticks < 24; ticks++) {
    let rest = node.submit(jsonSubmission(arena.manager, {...task, payload: {title: `Before ${ticks}`}}));
    for (let tick = 0; tick < ticks; tick++) rest = rest.then((receipt) => receipt);
    const next = rest.then(() =>
      node.submit(jsonSubmission(arena.manager, {...task, payload: {title: `After ${ticks}`}})),
    );
    expect(kept(await next).kind).toBe('applied');
  }
});

// I9 of docs/reliability.md.
test('positions have no gap, whatever is applied, refused, repeated or without effect', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const [before] = await query<{seq: number}>(arena, 'SELECT seq FROM tenant_counters');
  const tasks = Array.from({length: 20}, () => newTask(arena.manager));
  const submissions = tasks.flatMap((task, index) => [
    task.create,
    jsonSubmission(arena.manager, {...task, payload: {title: ''}}),
    jsonSubmission(arena.manager, {...task, payload: {nonsense: 1}}),
    jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}}),
    jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}}),
    task.create,
    ...(index % 2 === 0 ? [jsonSubmission(arena.manager, {...task, op: 'delete', payload: {}})] : []),
  ]);
  const receipts = await Promise.all(submissions.map((submission) => node.submit(submission)));
  const given = receipts.flatMap((receipt) =>
    receipt.kind === 'applied' && receipt.seq !== null ? [receipt.seq] : [],
  );
  const first = before!.seq + 1;
  expect(given.toSorted((a, b) => a - b)).toEqual(given.map((_, index) => first + index));
  expect(given).toHaveLength(20 + 20 + 10);
  const logged = await query<{seq: number}>(arena, 'SELECT seq FROM audit_logs ORDER BY seq');
  expect(logged.map(({seq}) => seq)).toEqual(logged.map((_, index) => index + 1));
});

test('task numbers are unique and without gaps, over nodes and refused creations', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  await Promise.all(
    Array.from({length: 120}, (_, index) =>
      nodes[index % 2]!.submit(newTask(arena.manager, index % 5 === 0 ? '' : `Task ${index}`).create),
    ),
  );
  const rows = await query<{number: number}>(arena, 'SELECT number FROM tasks ORDER BY number');
  expect(rows.map(({number}) => number)).toEqual(Array.from({length: 96}, (_, index) => index + 1));
});

test('past the bound of its queue a lane says overloaded, and serves on', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const replica = createReplica(arena.manager, task);
  const submission = replica.set('title', 'x');
  const results = await Promise.allSettled(
    Array.from({length: LANE_QUEUE_MAX + 3}, () => node.submit(submission)),
  );
  const refused = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  expect(refused).toHaveLength(3);
  for (const reason of refused) expect(reason).toMatchObject({code: 'overloaded'});
  await node.service.lanes.idle();
  expect(node.service.lanes.depth(arena.tenantId)).toBe(0);
  await expect(node.submit(submission)).resolves.toBeDefined();
});

test('a change that only says what is there leaves the log and its chain alone', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const counter = () =>
    query(arena, 'SELECT seq, encode(audit_head, $1) AS head FROM tenant_counters', ['hex']);
  const before = await counter();
  const same = jsonSubmission(arena.manager, {...task, payload: {title: 'Mend the roof'}});
  const receipt = await node.submit(same);
  expect(receipt).toMatchObject({kind: 'unchanged', seq: null});
  expect(await counter()).toEqual(before);
  const [stored] = await query<{seq: number | null}>(
    arena,
    'SELECT seq FROM push_results WHERE change_id = $1',
    [same.changeId],
  );
  expect(stored).toEqual({seq: null});
});
