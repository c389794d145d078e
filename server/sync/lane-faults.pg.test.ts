// The database goes away in the middle of things: a change is applied once or not at all, and its author hears
// which in the end.
import {expect, test, vi} from 'vitest';
import {createService} from './service.ts';
import {createArena, follow, kept, query, untilWaiting, type Arena} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';
import {isCommit} from '#test/support/fault-proxy.ts';
import {startTcpProxy, type Cut} from '#test/support/tcp-proxy.ts';
import {WAIT} from '#test/support/wait.ts';

async function countAll(arena: Arena): Promise<Record<string, number>> {
  const [row] = await query<Record<string, number>>(
    arena,
    `SELECT (SELECT count(*) FROM records) AS records, (SELECT count(*) FROM tasks) AS tasks,
            (SELECT count(*) FROM conflict_logs) AS conflicts, (SELECT count(*) FROM audit_logs) AS log,
            (SELECT count(*) FROM push_results) AS results, (SELECT max(seq) FROM tenant_counters) AS seq`,
  );
  return row!;
}

async function throughProxy() {
  const arena = await createArena();
  const proxy = await startTcpProxy(arena.url);
  const node = await arena.startNode({url: proxy.url});
  const task = newTask(arena.manager);
  const created = kept(await node.submit(task.create));
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const state = (await node.service.feed.readOne(arena.manager, task))!.state;
  const replica = createReplica(other, task);
  replica.receive(state);
  const base = {kind: 'cursor' as const, seq: created.seq!};
  await node.submit(jsonSubmission(arena.manager, {...task, base, payload: {title: 'Theirs'}}));
  return {arena, proxy, node, task, other, replica, base};
}

const cuts: [string, Cut['when'], string][] = [
  ['before COMMIT reaches the database', 'before', 'away'],
  ['after COMMIT reached the database', 'after', 'away'],
];

for (const [moment, when, fault] of cuts) {
  test(`a connection cut ${moment}: a JSON change is applied once and answered`, async () => {
    const {arena, proxy, node, task, other, base} = await throughProxy();
    const before = await countAll(arena);
    proxy.cutNext({at: isCommit, when});
    const receipt = kept(await node.submit(jsonSubmission(other, {...task, base, payload: {title: 'Mine'}})));
    expect(proxy.isArmed()).toBe(false);
    expect(node.faults.map(({kind}) => kind)).toEqual([fault]);
    expect(receipt.conflicts).toHaveLength(1);
    expect(await countAll(arena)).toEqual({
      ...before,
      conflicts: before['conflicts']! + 1,
      log: before['log']! + 1,
      results: before['results']! + 1,
      seq: before['seq']! + 1,
    });
    const [row] = await query(arena, 'SELECT title FROM tasks');
    expect(row).toEqual({title: 'Mine'});
    expect(receipt.seq).toBe(before['seq']! + 1);
  });

  test(`a connection cut ${moment}: a Yjs change is applied once and answered`, async () => {
    const {arena, proxy, node, replica} = await throughProxy();
    const before = await countAll(arena);
    proxy.cutNext({at: isCommit, when});
    const receipt = kept(await node.submit(replica.set('title', 'Mine')));
    expect(receipt.kind).toBe(when === 'before' ? 'applied' : 'unchanged');
    expect(await countAll(arena)).toEqual({
      ...before,
      conflicts: before['conflicts']! + 1,
      log: before['log']! + 1,
      seq: before['seq']! + 1,
    });
    // The cache was left behind by what it did not learn of: the next edits build on what is stored.
    expect(kept(await node.submit(replica.set('title', 'Next'))).kind).toBe('applied');
    const [row] = await query(arena, 'SELECT title FROM tasks');
    expect(row).toEqual({title: 'Next'});
  });
}

test('followers hear of a commit whose outcome was not learned', async () => {
  const {arena, proxy, node, replica} = await throughProxy();
  const {batches, stop} = follow(node, arena.manager);
  proxy.cutNext({at: isCommit, when: 'after'});
  await node.submit(replica.set('title', 'Mine'));
  const head = await node.service.feed.readHead(arena.tenantId);
  await vi.waitUntil(() => batches.some(({to}) => to === head), WAIT);
  stop();
});

test('followers hear of a commit after which the server made a mistake', async () => {
  const arena = await createArena();
  let mistakes = 1;
  const service = await createService({
    pool: arena.database.pool,
    keyring: arena.tenancy.keyring,
    now: Date.now,
    onFault: () => undefined,
    onFlush() {
      if (mistakes-- > 0) throw new Error('A mistake.');
    },
  });
  const {batches, stop} = follow({service}, arena.manager);
  const {create} = newTask(arena.manager);
  await expect(service.lanes.submit(create)).rejects.toMatchObject({code: 'internal'});
  const {kind, seq} = kept(await service.lanes.submit(create));
  expect(kind).toBe('unchanged');
  await vi.waitUntil(() => batches.some(({to}) => to === seq));
  stop();
});

// I5 of docs/reliability.md.
test('a connection cut at any statement leaves no part of a change behind', async () => {
  const {arena, proxy, node, task, replica, base} = await throughProxy();
  const other = await arena.tenancy.onNewDevice(arena.manager);
  for (const when of ['before', 'after'] as const) {
    for (let step = 1; step <= 12; step++) {
      const before = await countAll(arena);
      const seen = proxy.sent.length;
      proxy.cutNext({at: (_, count) => count === seen + step, when});
      const fresh = newTask(arena.manager);
      const receipts = await Promise.all([
        node.submit(replica.set('title', `Yjs ${when} ${step}`)),
        node.submit(jsonSubmission(other, {...task, base, payload: {title: `JSON ${when} ${step}`}})),
        node.submit(fresh.create),
      ]);
      for (const receipt of receipts) kept(receipt);
      proxy.cutNext({at: () => false, when});
      const after = await countAll(arena);
      // One conflict or two: whether the two titles met in one order or the other, both were recorded.
      expect({...after, conflicts: 0}).toEqual({
        records: before['records']! + 1,
        tasks: before['tasks']! + 1,
        conflicts: 0,
        log: before['log']! + 3,
        results: before['results']! + 2,
        seq: before['seq']! + 3,
      });
    }
  }
  // BEGIN travels with the first statements, so a group is four messages.
  expect(node.faults.length).toBeGreaterThanOrEqual(8);
  const [gap] = await query(
    arena,
    `SELECT seq FROM audit_logs a WHERE seq > 1 AND NOT EXISTS (SELECT FROM audit_logs b WHERE b.seq = a.seq - 1)`,
  );
  expect(gap).toBeUndefined();
}, 60_000);

test('a database that is away for a while is waited for; one that stays away is answered with not_ready', async () => {
  const {proxy, node, task, other} = await throughProxy();
  const change = (title: string) => jsonSubmission(other, {...task, payload: {title}});
  proxy.refuse();
  const waiting = node.submit(change('Waits'));
  await vi.waitUntil(() => node.faults.length >= 2, WAIT);
  proxy.accept();
  expect(kept(await waiting).kind).toBe('applied');
  proxy.refuse();
  await expect(node.submit(change('Too long'))).rejects.toMatchObject({code: 'not_ready'});
  proxy.accept();
  expect(kept(await node.submit(change('Again'))).kind).toBe('applied');
});

test('a deadlock with somebody else is decided again', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const tasks = [newTask(arena.manager), newTask(arena.manager)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const {create} of tasks) await node.submit(create);
  const holder = await arena.owner.connect();
  const lock = (id: string) => holder.query('SELECT FROM records WHERE id = $1 FOR UPDATE', [id]);
  await holder.query('BEGIN');
  // The holder is patient, so that it is the lane that gives way.
  await holder.query(`SET LOCAL deadlock_timeout = '1min'`);
  await lock(tasks[1]!.id);
  const receipts = Promise.all(
    tasks.map((task) => node.submit(jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}}))),
  );
  await untilWaiting(arena);
  await lock(tasks[0]!.id);
  await holder.query('COMMIT');
  holder.release();
  expect((await receipts).map(({kind}) => kind)).toEqual(['applied', 'applied']);
  // Once, or again if the holder had not committed by then.
  expect([...new Set(node.faults.map(({kind}) => kind))]).toEqual(['race']);
});
