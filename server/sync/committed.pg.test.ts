// What followers and the cache are told of a commit is what the database has.
import {expect, test, vi} from 'vitest';
import * as Y from 'yjs';
import type {RecordKey} from '#db/records.ts';
import {
  createArena,
  jsonSubmission,
  kept,
  newTask,
  query,
  type Arena,
  type Node,
} from '#test/support/lane-kit.ts';
import {WAIT} from '#test/support/wait.ts';
import type {Batch} from './fan-out.ts';
import type {Submission} from './submission.ts';

interface Scene {
  readonly arena: Arena;
  readonly node: Node;
  /** Those that a manager was told of. */
  readonly batches: Batch[];
  /** Submits all at once and answers the batch of their commit. */
  readonly commit: (...submissions: readonly Submission[]) => Promise<Batch>;
  readonly change: (key: RecordKey & {entity: 'tasks'}, payload: Record<string, string>) => Submission;
}

async function setUp(): Promise<Scene> {
  const arena = await createArena();
  const node = await arena.startNode();
  const batches: Batch[] = [];
  const {ready} = node.service.fanOut.follow({
    member: arena.manager,
    deliver: (batch) => void batches.push(batch),
    revoked: () => undefined,
  });
  await ready;
  return {
    arena,
    node,
    batches,
    async commit(...submissions) {
      const before = batches.length;
      const receipts = await Promise.all(submissions.map((submission) => node.submit(submission)));
      receipts.forEach(kept);
      await vi.waitUntil(() => batches.length === before + 1, WAIT);
      return batches[before]!;
    },
    change: ({entity, id}, payload) => jsonSubmission(arena.manager, {entity, id, payload}),
  };
}

const stateOf = (states: readonly Uint8Array[]): Uint8Array => {
  const doc = new Y.Doc();
  for (const state of states) Y.applyUpdate(doc, state);
  return Y.encodeStateAsUpdate(doc);
};

test('followers are told of each record once, at its last position and with all that was written, in order', async () => {
  const {arena, node, commit, change} = await setUp();
  const [first, second] = [newTask(arena.manager), newTask(arena.manager)];
  const created = await commit(first.create, second.create);
  const batch = await commit(
    change(first, {title: 'One'}),
    change(second, {title: 'Two'}),
    change(first, {priority: 'high'}),
  );
  expect(batch).toMatchObject({from: created.to, to: created.to + 3, access: [], conflicts: []});
  expect(batch.records.map(({id, seq}) => [id, seq])).toEqual([
    [second.id, created.to + 2],
    [first.id, created.to + 3],
  ]);
  for (const record of batch.records) {
    const stored = (await node.service.feed.readOne(arena.manager, record))!;
    const {seq, generation, state} = stored;
    expect(record).toMatchObject({seq, generation});
    expect(batch.at).toEqual(stored.updatedAt);
    const before = created.records.find(({id}) => id === record.id)!.state;
    expect(stateOf([record.state])).toEqual(stateOf([state]));
    expect(stateOf([before, ...record.deltas])).toEqual(stateOf([state]));
  }
});

test('nobody is told of a record that nothing was written to, nor of a commit without any', async () => {
  const {arena, node, batches, commit, change} = await setUp();
  const [first, second] = [newTask(arena.manager), newTask(arena.manager)];
  await commit(first.create, second.create);
  const batch = await commit(change(first, {title: 'Mend the roof'}), change(second, {title: 'Two'}));
  expect(batch.records.map(({id}) => id)).toEqual([second.id]);
  const told = batches.length;
  const again = change(second, {title: 'Two'});
  expect(await node.submit(again)).toMatchObject({kind: 'unchanged', seq: null});
  expect(await query(arena, 'SELECT FROM push_results WHERE change_id = $1', [again.changeId])).toHaveLength(
    1,
  );
  const next = await commit(change(first, {title: 'One'}));
  expect(next.from).toBe(batch.to);
  expect(batches.length).toBe(told + 1);
});

test('the cache holds what was committed, also after a change without effect', async () => {
  const {arena, node, commit, change} = await setUp();
  const task = newTask(arena.manager);
  const changes = [task.create, change(task, {title: 'One'}), change(task, {title: 'Two'})];
  for (const submission of [...changes, change(task, {title: 'Two'})]) {
    if (changes.includes(submission)) await commit(submission);
    else expect(await node.submit(submission)).toMatchObject({kind: 'unchanged', seq: null});
    const stored = (await node.service.feed.readOne(arena.manager, task))!;
    const [row] = await query<{version: number}>(arena, 'SELECT version FROM records WHERE id = $1', [
      task.id,
    ]);
    const cached = node.service.cache.get(arena.tenantId, task)!;
    expect(cached).toMatchObject({seq: stored.seq, updatedAt: stored.updatedAt, version: row!.version});
    expect(stateOf([cached.state])).toEqual(stateOf([stored.state]));
  }
});

test('who comes to see a record is told at the end of its commit', async () => {
  const {arena, node, commit, change} = await setUp();
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const task = newTask(arena.manager);
  await commit(task.create);
  const granted = await commit(change(task, {employeeId: employee.employeeId!}));
  expect(granted.records).toMatchObject([{id: task.id, seq: granted.from + 1}]);
  const events = granted.access.filter(({id}) => id === task.id);
  expect(events).toMatchObject([{userId: employee.userId, granted: true}]);
  expect(granted.to).toBe(await node.service.feed.readHead(arena.tenantId));
  expect(granted.to).toBe(granted.from + 1 + granted.access.length);
  for (const {seq} of granted.access) expect(seq).toBeGreaterThan(granted.from + 1);
  const {items} = await node.service.feed.readPage(employee, {after: granted.from + 1, limit: 10});
  expect(items).toMatchObject([{id: task.id, place: events[0]!.seq}]);
  const next = await commit(change(task, {title: 'Seen'}));
  expect(next).toMatchObject({from: granted.to, access: []});
});
