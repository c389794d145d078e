// Changes that can never commit: refused with a code, alone.
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {RECORD_BYTES_MAX} from '#crdt/protocol/limits.ts';
import {createArena, kept, query} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask, updateSubmission} from '#test/support/submissions.ts';

// I6 of docs/reliability.md.
test('a change the database refuses for good is uncommittable, and the rest of its group is kept', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  // A rule that no validation knows of stands for whatever slips through it.
  await query(arena, `ALTER TABLE tasks ADD CONSTRAINT no_poison CHECK (title NOT LIKE '%poison%')`);
  const tasks = Array.from({length: 40}, (_, index) =>
    newTask(arena.manager, index === 7 || index === 23 ? `poison ${index}` : `Task ${index}`),
  );
  const shared = newTask(arena.manager, 'Shared');
  await node.submit(shared.create);
  const receipts = await Promise.all([
    ...tasks.map(({create}) => node.submit(create)),
    node.submit(jsonSubmission(arena.manager, {...shared, payload: {priority: 'low'}})),
    node.submit(jsonSubmission(arena.manager, {...shared, payload: {title: 'poison'}})),
    node.submit(jsonSubmission(arena.manager, {...shared, payload: {cancelReason: 'After'}})),
  ]);
  const refused = receipts.flatMap((receipt, index) => (receipt.kind === 'rejected' ? [index] : []));
  expect(refused).toEqual([7, 23, 41]);
  const error = {code: 'uncommittable', message: 'The database refuses this value for good.'};
  for (const index of refused) expect(receipts[index]).toMatchObject({error});
  expect(await query(arena, 'SELECT FROM tasks')).toHaveLength(39);
  const [row] = await query(arena, 'SELECT title, priority, cancel_reason FROM tasks WHERE id = $1', [
    shared.id,
  ]);
  expect(row).toEqual({title: 'Shared', priority: 'low', cancel_reason: 'After'});
  const logged = await query<{seq: number}>(arena, 'SELECT seq FROM audit_logs ORDER BY seq');
  expect(logged.map(({seq}) => seq)).toEqual(logged.map((_, index) => index + 1));
  expect(kept(await node.submit(tasks[0]!.create)).kind).toBe('unchanged');
});

test('an update that would make a record without a required field leaves nothing behind', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  for (const spoil of [
    (fields: Y.Map<unknown>) => fields.set('title', [Date.now(), 7]),
    (fields: Y.Map<unknown>) => fields.delete('title'),
  ]) {
    const task = newTask(arena.manager);
    const replica = createReplica(arena.manager, task);
    const update = replica.edit((doc) => {
      const fields = doc.getMap('fields');
      fields.set('title', [Date.now(), 'Valid at first']);
      fields.set('priority', [Date.now(), 'high']);
      spoil(fields);
    });
    const head = await node.service.feed.readHead(arena.manager.tenantId);
    expect(await node.submit(update)).toMatchObject({kind: 'rejected', error: {code: 'required_field'}});
    expect(await node.service.feed.readHead(arena.manager.tenantId)).toBe(head);
    expect(await node.service.feed.readOne(arena.manager, task)).toBeUndefined();
    expect(await query(arena, 'SELECT FROM tasks WHERE id = $1', [task.id])).toEqual([]);
    // Nothing of it was kept, so the device sends the whole once it is mended.
    replica.set('title', 'Mended');
    const whole = updateSubmission(arena.manager, {
      ...task,
      bytes: Y.encodeStateAsUpdate(replica.doc),
      generation: 0,
      ownClients: [replica.doc.clientID],
    });
    expect(kept(await node.submit(whole)).kind).toBe('applied');
    const [row] = await query(arena, 'SELECT title, priority FROM tasks WHERE id = $1', [task.id]);
    expect(row).toEqual({title: 'Mended', priority: 'high'});
  }
});

test('NUL and lone surrogates are refused by type before they reach the database, in JSON and in Yjs', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const replica = createReplica(arena.manager, task);
  replica.receive((await node.service.feed.readOne(arena.manager, task))!.state);
  for (const title of ['a\u0000b', 'a\ud800b', '\udc00']) {
    const json = await node.submit(jsonSubmission(arena.manager, {...task, payload: {title}}));
    expect(json).toMatchObject({kind: 'rejected', error: {code: 'invalid_value'}});
    const yjs = await node.submit(replica.set('title', title));
    expect(yjs).toMatchObject({kind: 'rejected', refused: [{field: 'title', code: 'invalid_value'}]});
  }
  const text = await node.submit(replica.edit((doc) => doc.getText('text:notes').insert(0, 'a\u0000b')));
  expect(text.kind).toBe('rejected');
  expect(kept(await node.submit(replica.set('title', 'Sound'))).kind).toBe('applied');
  expect(node.faults).toEqual([]);
});

test('what is poisoned past all checks is refused by the database alone, and the record stays usable', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const good = jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}});
  // The actor's id goes to the database unseen by any schema: 22P02.
  const bad = {...jsonSubmission(arena.manager, {...task, payload: {title: 'Bad'}}), deviceId: 'no uuid'};
  const receipts = await Promise.all([node.submit(good), node.submit(bad)]);
  expect(receipts[0].kind).toBe('applied');
  expect(receipts[1]).toMatchObject({kind: 'rejected', error: {code: 'uncommittable'}});
  const current = receipts[1].kind === 'rejected' ? receipts[1].current : null;
  expect(current?.state).toEqual((await node.service.feed.readOne(arena.manager, task))!.state);
});

test('a device whose update can never be stored starts over from the state it is answered with', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  await query(arena, `ALTER TABLE tasks ADD CONSTRAINT no_poison CHECK (title NOT LIKE '%poison%')`);
  const spoiled = createReplica(arena.manager, task);
  spoiled.receive((await node.service.feed.readOne(arena.manager, task))!.state);
  const receipt = await node.submit(spoiled.set('title', 'poison'));
  expect(receipt).toMatchObject({kind: 'rejected', error: {code: 'uncommittable'}});
  expect((await node.submit(spoiled.set('title', 'Builds on it'))).kind).toBe('need');
  const fresh = createReplica(arena.manager, task);
  fresh.receive(receipt.kind === 'rejected' ? receipt.current!.state : new Uint8Array());
  expect(kept(await node.submit(fresh.set('title', 'Written anew'))).kind).toBe('applied');
});

test('a record may not grow past its bound: the change is refused, the others of its group are kept', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const task = newTask(arena.manager);
  await node.submit(task.create);
  const entry = (index: number) => ({
    id: `item-${index}`,
    title: 'x'.repeat(200),
    note: 'y'.repeat(999),
  });
  const checklist = Array.from({length: 400}, (_, index) => entry(index));
  expect((await node.submit(jsonSubmission(arena.manager, {...task, payload: {checklist}}))).kind).toBe(
    'applied',
  );
  const times = Array.from({length: 100}, (_, index) => ({
    id: `time-${index}`,
    employeeId: arena.tenantId,
    startedAt: '2026-01-01T00:00:00.000Z',
    note: 'z'.repeat(999),
  }));
  const receipts = await Promise.all([
    node.submit(jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}})),
    node.submit(jsonSubmission(arena.manager, {...task, payload: {timeEntries: times}})),
    node.submit(jsonSubmission(arena.manager, {...task, payload: {cancelReason: 'After'}})),
  ]);
  expect(receipts.map(({kind}) => kind)).toEqual(['applied', 'rejected', 'applied']);
  expect(receipts[1]).toMatchObject({error: {code: 'record_too_large'}});
  const {state} = (await node.service.feed.readOne(arena.manager, task))!;
  expect(state.length).toBeLessThanOrEqual(RECORD_BYTES_MAX);
  const [row] = await query(arena, 'SELECT priority, cancel_reason FROM tasks');
  expect(row).toEqual({priority: 'high', cancel_reason: 'After'});
}, 60_000);
