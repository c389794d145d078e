// What a device sends again is answered like the first time and changes nothing.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {createArena, kept, query, type Arena, type Node} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';
import type {Receipt, Submission} from './submission.ts';

/** All that a repeat must leave alone. */
async function everything(arena: Arena): Promise<unknown> {
  return {
    records: await query(
      arena,
      `SELECT entity, id, seq, version, md5(body) AS body FROM records ORDER BY seq`,
    ),
    rows: await query(arena, 'SELECT * FROM tasks ORDER BY id'),
    conflicts: await query(arena, 'SELECT id, seq FROM conflict_logs ORDER BY id'),
    log: await query(arena, 'SELECT seq, encode(digest, $1) AS digest FROM audit_logs ORDER BY seq', ['hex']),
    counter: await query(arena, 'SELECT seq, encode(audit_head, $1) AS head FROM tenant_counters', ['hex']),
    results: await query(arena, 'SELECT change_id, seq FROM push_results ORDER BY change_id'),
  };
}

/** Two devices write the title of one task without having seen each other; both by the path that is named. */
async function overwrite(
  arena: Arena,
  node: Node,
  path: 'json' | 'yjs',
): Promise<{submission: Submission; receipt: Receipt}> {
  const task = newTask(arena.manager);
  const created = kept(await node.submit(task.create));
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const base = {kind: 'cursor' as const, seq: created.seq!};
  if (path === 'json') {
    await node.submit(jsonSubmission(other, {...task, base, payload: {title: 'Theirs'}}));
    const submission = jsonSubmission(arena.manager, {...task, base, payload: {title: 'Mine'}});
    return {submission, receipt: await node.submit(submission)};
  }
  const state = (await node.service.feed.readOne(arena.manager, task))!.state;
  const [mine, theirs] = [createReplica(arena.manager, task), createReplica(other, task)];
  mine.receive(state);
  theirs.receive(state);
  await node.submit(theirs.set('title', 'Theirs'));
  const submission = mine.set('title', 'Mine');
  return {submission, receipt: await node.submit(submission)};
}

for (const path of ['json', 'yjs'] as const) {
  test(`a repeated ${path} change is unchanged: here, on another node, and after a restart`, async () => {
    const arena = await createArena();
    const node = await arena.startNode();
    const {submission, receipt} = await overwrite(arena, node, path);
    const first = kept(receipt);
    expect(first.conflicts).toHaveLength(1);
    const before = await everything(arena);
    const other = await arena.startNode();
    const restarted = await arena.startNode();
    for (const place of [node, node, other, restarted]) {
      const again = kept(await place.submit(submission));
      expect(again.kind).toBe('unchanged');
      // A named change is answered as it was; of a Yjs update the clocks only say that it is known.
      if (path === 'json') expect(again).toMatchObject({seq: first.seq, conflicts: first.conflicts});
      else expect(again.conflicts).toEqual([]);
    }
    expect(await everything(arena)).toEqual(before);
  });
}

// I3 of docs/reliability.md.
test('repeats within one batch count once, in any order and number', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const task = newTask(arena.manager);
  await nodes[0]!.submit(task.create);
  const replica = createReplica(arena.manager, task);
  replica.receive((await nodes[0]!.service.feed.readOne(arena.manager, task))!.state);
  const submissions = Array.from({length: 30}, (_, index) =>
    index % 2 === 0
      ? replica.set('title', `Title ${index}`)
      : jsonSubmission(arena.manager, {...task, payload: {cancelReason: `Reason ${index}`}}),
  );
  const repeated = submissions.flatMap((submission, index) => [
    submission,
    submission,
    submissions[Math.max(0, index - 3)]!,
  ]);
  const receipts = await Promise.all(
    repeated.map((submission, index) => nodes[index % 2]!.submit(submission)),
  );
  // On the node that is behind, an update may arrive before the one it builds on; its device sends it again.
  for (const [index, receipt] of receipts.entries()) {
    if (receipt.kind === 'need') await nodes[0]!.submit(repeated[index]!);
  }
  await Promise.all(repeated.map((submission) => nodes[0]!.submit(submission)));
  const logged = await query<{record_id: string}>(arena, `SELECT seq FROM audit_logs WHERE entity = 'tasks'`);
  expect(logged).toHaveLength(1 + submissions.length);
  expect(await query(arena, 'SELECT FROM conflict_logs')).toEqual([]);
});

test('a creation repeated on two nodes at once makes one record', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  for (let round = 0; round < 20; round++) {
    const task = newTask(arena.manager);
    const receipts = await Promise.all([0, 1, 0, 1].map((index) => nodes[index]!.submit(task.create)));
    expect(receipts.map(({kind}) => kind).toSorted()).toEqual([
      'applied',
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
    expect(new Set(receipts.map((receipt) => kept(receipt).seq)).size).toBe(1);
  }
  expect(await query(arena, 'SELECT FROM tasks')).toHaveLength(20);
});

test('a change id used for another record is refused', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const other = jsonSubmission(arena.manager, {
    entity: 'tasks',
    id: randomUUID(),
    payload: {title: 'Other'},
    changeId: task.create.changeId!,
  });
  expect(await node.submit(other)).toMatchObject({kind: 'rejected', error: {code: 'idempotency_conflict'}});
});

test('a refused change may be sent again under its name once it is right', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  const changeId = randomUUID();
  const bad = jsonSubmission(arena.manager, {...task, changeId, payload: {title: ''}});
  expect((await node.submit(bad)).kind).toBe('rejected');
  const good = jsonSubmission(arena.manager, {...task, changeId, payload: {title: 'Right'}});
  expect((await node.submit(good)).kind).toBe('applied');
});
