// The same of Yjs edits, which come over the live socket: merged as they are, or written again by key where their
// document is gone.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {growTask} from '#test/support/compacted.ts';
import {
  apply,
  discard,
  editLive,
  list,
  loseLater,
  pushLate,
  sendLate,
  set,
} from '#test/support/kept-changes.ts';
import type {Copy} from '#test/support/live-device.ts';
import {startLive, type LiveServer} from '#test/support/live-world.ts';
import {createWorld, type World} from '#test/support/world.ts';
import {startWsTransport} from '../live/ws-transport.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const start = (): Promise<LiveServer> => startLive(world, {start: startWsTransport});

test('a Yjs edit over the live socket is kept with its values, and merged when it is let in', async () => {
  const from = await loseLater(world, {status: 'scheduled', notes: 'Key at Ms Muster.'});
  const live = await start();
  const made = await editLive(from, live, (doc: Copy['doc']) => {
    set({status: 'in_progress'})(doc);
    doc.getText('text:notes').insert(17, ' Valve replaced.');
    doc.getMap('items:checklist').set('one', [1_700_000_000_000, {title: 'Bleed', position: 'a0'}]);
  });
  await from.reassign();
  const answer = await sendLate(from, live, made);
  expect(answer).toMatchObject({
    kind: 'reject',
    code: 'out_of_scope',
    message: expect.stringContaining('kept for a manager') as unknown,
    current: {kind: 'none'},
    seq: null,
  });
  const {items} = await list(from.manager);
  expect(items).toMatchObject([{encoding: 'yjs', unread: 0, status: 'open'}]);
  expect(items[0]?.changes).toMatchObject([
    {field: 'status', value: 'in_progress', current: 'scheduled'},
    {field: 'checklist/one', value: {title: 'Bleed'}, current: null, at: '2023-11-14T22:13:20.000Z'},
    {field: 'notes', value: ' Valve replaced.', current: 'Key at Ms Muster.', text: true},
  ]);
  const {status} = await apply(from.manager, items[0]!.id);
  expect(status).toBe(200);
  expect(await from.task()).toMatchObject({
    status: 'in_progress',
    notes: 'Key at Ms Muster. Valve replaced.',
    checklist: [{id: 'one', title: 'Bleed'}],
  });
});

test('the same change sent again is kept once, over REST and over the socket, and the same bytes of two records twice', async () => {
  const from = await loseLater(world);
  const live = await start();
  const made = await editLive(from, live, set({status: 'on_hold'}));
  const other = await from.manager.post<{id: string}>('/v1/tasks', {title: 'Other', employeeId: from.boId});
  await from.reassign();
  const edit = {
    entity: 'tasks',
    entityId: from.taskId,
    payload: {status: 'en_route'},
    changeId: randomUUID(),
  };
  for (let time = 0; time < 2; time++) {
    expect((await from.ana.push([edit]))[0]?.error?.code).toBe('out_of_scope');
    expect(await sendLate(from, live, made)).toMatchObject({code: 'out_of_scope'});
  }
  expect((await list(from.manager)).items).toHaveLength(2);
  await sendLate(from, live, {...made, update: {...made.update, id: other.body.id}});
  expect((await list(from.manager)).items).toHaveLength(3);
});

test('a kept Yjs edit outlives the document it was made on', async () => {
  const from = await loseLater(world, {status: 'scheduled', cancelReason: 'None', notes: 'Before.'});
  const live = await start();
  const made = await editLive(from, live, (doc: Copy['doc']) => {
    set({status: 'in_progress', cancelReason: 'Flood'})(doc);
    doc.getText('text:notes').insert(7, ' Valve replaced.');
  });
  await from.reassign();
  await sendLate(from, live, made);
  await growTask(world, from.manager, from.taskId);
  await from.change({status: 'on_hold', notes: 'After.'});
  const [item] = (await list(from.manager)).items;
  expect(item?.changes.map(({field, value}) => [field, value])).toEqual([
    ['status', 'in_progress'],
    ['cancelReason', 'Flood'],
    ['notes', ' Valve replaced.'],
  ]);
  const {status, body} = await apply(from.manager, item!.id);
  expect([status, body.conflicts.map(({fields}) => fields)]).toEqual([200, [['status']]]);
  expect(await from.task()).toMatchObject({
    status: 'on_hold',
    cancelReason: 'Flood',
    notes: 'After.\n Valve replaced.',
  });
  expect((await apply(from.manager, item!.id)).body.code).toBe('already_decided');
});

test('one that came after its document was gone is read by the names of the writes it saw, or not merged at all', async () => {
  const from = await loseLater(world, {status: 'scheduled', cancelReason: 'None'});
  const live = await start();
  const made = await editLive(from, live, set({cancelReason: 'Flood'}));
  const [device] = [await live.connect(from.ana)];
  const unseen = device.capture('tasks', from.taskId, (doc) => set({status: 'in_progress'})(doc));
  const {clientId} = device;
  device.close();
  // Overwritten twice: what Ana's second device builds on is remembered no more.
  await from.change({status: 'on_hold'});
  await growTask(world, from.manager, from.taskId);
  await from.reassign();
  await sendLate(from, live, made);
  await sendLate(from, live, {update: unseen, options: {clientId}});
  const {items} = await list(from.manager);
  expect(items).toMatchObject([
    {changes: [{field: 'cancelReason', value: 'Flood'}], unread: 0},
    {changes: [], unread: 1},
  ]);
  expect((await apply(from.manager, items[0]!.id)).status).toBe(200);
  expect(await from.task()).toMatchObject({cancelReason: 'Flood', status: 'on_hold'});
  const refused = await apply(from.manager, items[1]!.id);
  expect([refused.status, refused.body.code]).toEqual([409, 'not_mergeable']);
  expect((await list(from.manager, 'status=open')).items).toHaveLength(1);
  expect((await discard(from.manager, items[1]!.id)).status).toBe(200);
});

test('fields that employees may not write are refused, all or nothing, and the change still waits', async () => {
  const from = await loseLater(world, {status: 'scheduled'});
  const live = await start();
  const made = await editLive(from, live, set({status: 'in_progress', title: 'Mine'}));
  await from.reassign();
  await pushLate(from, {status: 'in_progress', title: 'Mine'});
  await sendLate(from, live, made);
  const {items} = await list(from.manager);
  for (const {id} of items) {
    for (let time = 0; time < 2; time++) {
      const {status, body} = await apply(from.manager, id);
      expect([status, body.code, Object.keys(body.fields ?? {})]).toEqual([
        403,
        'forbidden_field',
        ['title'],
      ]);
    }
  }
  expect((await list(from.manager, 'status=open')).items).toHaveLength(2);
  expect(await from.task()).toMatchObject({status: 'scheduled', title: 'Boiler'});
});
