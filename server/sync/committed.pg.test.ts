// What followers and the cache are told of a commit is what the database has.
import {expect, onTestFinished, test, vi} from 'vitest';
import pg from 'pg';
import * as Y from 'yjs';
import type {RecordKey} from '#db/records.ts';
import {createArena, follow, kept, query, type Arena, type Node} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';
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
  const {batches, ready} = follow(node, arena.manager);
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
  const theirs = {...newTask(arena.manager), payload: {title: 'Theirs', employeeId: employee.employeeId!}};
  const made = await commit(jsonSubmission(arena.manager, theirs));
  expect(made.access).toMatchObject([{id: theirs.id, userId: employee.userId, granted: true, seq: made.to}]);
  const replica = createReplica(arena.manager, theirs);
  replica.receive(made.records[0]!.state);
  const taken = await commit(replica.set('employeeId', null));
  expect(taken.access).toMatchObject([
    {id: theirs.id, userId: employee.userId, granted: false, seq: taken.to},
  ]);
  expect(taken.to).toBe(taken.from + 2);
});

test('a conflict is told at the position of the change that it came with', async () => {
  const {arena, node, commit} = await setUp();
  const task = newTask(arena.manager);
  const {records} = await commit(task.create);
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const [first, second] = [createReplica(arena.manager, task), createReplica(other, task)];
  for (const replica of [first, second]) replica.receive(records[0]!.state);
  await commit(first.set('title', 'First'));
  const batch = await commit(second.set('title', 'Second'));
  expect(batch.conflicts).toMatchObject([{recordId: task.id, key: 'title', seq: batch.to}]);
  expect(node.conflicts).toEqual([0, 0, 1]);
  const [stored] = await query<{seq: number}>(arena, 'SELECT seq FROM conflict_logs WHERE record_id = $1', [
    task.id,
  ]);
  expect(stored).toEqual({seq: batch.to});
  expect(await node.service.feed.readHead(arena.tenantId)).toBe(batch.to);
});

test('what an employee may not write is kept for managers, alone and beside changes that are made', async () => {
  const {arena, node} = await setUp();
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const theirs = (reason: string): Submission => createReplica(employee, task).set('cancelReason', reason);
  const keptCount = async (): Promise<number> =>
    (await query(arena, 'SELECT FROM quarantined_changes WHERE record_id = $1', [task.id])).length;
  const refused = {kind: 'rejected', error: {code: 'out_of_scope'}};
  const alone = theirs('alone');
  expect(await node.submit(alone)).toMatchObject(refused);
  expect(await keptCount()).toBe(1);
  const together = await Promise.all([
    node.submit(createReplica(arena.manager, task).set('title', 'One')),
    node.submit(theirs('beside')),
  ]);
  expect(together).toMatchObject([{kind: 'applied'}, refused]);
  expect(await keptCount()).toBe(2);
  const [first] = await query<{id: string}>(arena, 'SELECT id FROM quarantined_changes ORDER BY arrived_at');
  const approval = {by: arena.manager, employeeId: employee.employeeId, quarantineId: first!.id};
  expect(await node.submit({...alone, approval})).toMatchObject({kind: 'applied'});
  expect(await node.submit({...alone, approval})).toMatchObject({error: {code: 'already_decided'}});
  expect(node.faults).toEqual([]);
});

test('a change of a record in the cache takes one statement, without BEGIN and COMMIT', async () => {
  const {arena, commit} = await setUp();
  const task = newTask(arena.manager);
  const {records} = await commit(task.create);
  const replica = createReplica(arena.manager, task);
  replica.receive(records[0]!.state);
  const asked = vi.spyOn(pg.Client.prototype, 'query');
  onTestFinished(() => asked.mockRestore());
  for (const title of ['One', 'Two', 'Three']) await commit(replica.set('title', title));
  expect(asked).toHaveBeenCalledTimes(3);
});
