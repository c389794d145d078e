// Changes of employees who had lost access to their record: kept, shown to managers, let in or discarded.
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import type {ConflictsResponse} from '#crdt/protocol/conflicts.ts';
import type {HistoryResponse} from '#crdt/protocol/history.ts';
import {NOT_KEPT_MESSAGE} from '#crdt/protocol/quarantine.ts';
import {apply, discard, list, loseLater, meOf, pushLate} from '#test/support/kept-changes.ts';
import {createWorld, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

// I36 of docs/reliability.md.
test('an edit of a record that its author lost meanwhile is kept, and a manager sees what it says', async () => {
  const from = await loseLater(world, {status: 'scheduled'});
  await from.reassign();
  const {result, items} = await pushLate(from, {status: 'in_progress', notes: {append: 'Began.'}});
  expect(result).toEqual({
    index: 0,
    entityId: from.taskId,
    status: 'rejected',
    error: {code: 'out_of_scope', message: expect.stringContaining('kept for a manager') as unknown},
  });
  const me = await meOf(from.ana);
  expect(items).toMatchObject([
    {
      entity: 'tasks',
      entityId: from.taskId,
      author: {userId: me.id, deviceId: from.ana.deviceId, name: 'New employee', employeeId: from.anaId},
      encoding: 'json',
      status: 'open',
      unread: 0,
      changes: [
        {field: 'status', value: 'in_progress', current: 'scheduled'},
        {field: 'notes', value: {append: 'Began.'}, current: ''},
      ],
    },
  ]);
  expect(await from.task()).toMatchObject({status: 'scheduled', notes: ''});
  expect((await from.manager.get(`/v1/quarantine/${items[0]!.id}`)).body).toEqual(items[0]);
});

test('a kept change that is let in is merged as its author wrote it, and what it overwrites is recorded', async () => {
  const from = await loseLater(world, {status: 'scheduled', cancelReason: 'None'});
  await from.reassign();
  await from.change({status: 'on_hold'});
  const {items} = await pushLate(from, {status: 'in_progress', cancelReason: 'Flood'}, 0);
  const {status, body} = await apply(from.manager, items[0]!.id);
  expect([status, body.status, body.conflicts.map(({fields}) => fields)]).toEqual([
    200,
    'applied',
    [['status']],
  ]);
  expect(await from.task()).toMatchObject({status: 'in_progress', cancelReason: 'Flood'});
  const me = await meOf(from.ana);
  const log = (await from.manager.get<AuditResponse>('/v1/audit?limit=200')).body.items;
  expect(log.slice(-2)).toMatchObject([
    {action: 'record.update', userId: me.id, deviceId: from.ana.deviceId, entityId: from.taskId},
    {action: 'quarantine.applied', userId: (await meOf(from.manager)).id, seq: body.decisionSeq},
  ]);
  const history = await from.manager.get<HistoryResponse>(`/v1/tasks/${from.taskId}/history`);
  expect(history.body.items.slice(0, 2)).toMatchObject([
    {action: 'quarantine.applied'},
    {userId: me.id, action: 'record.update'},
  ]);
  const conflicts = await from.manager.get<ConflictsResponse>('/v1/conflicts');
  expect(conflicts.body.items).toMatchObject([
    {id: body.conflicts[0]?.id, fields: [{winner: {userId: me.id}, loser: {value: 'on_hold'}}]},
  ]);
  // Ana still does not see the task, and Bo sees what she did.
  expect((await from.task(from.ana))['code']).toBe('not_found');
  expect(await from.task(from.bo)).toMatchObject({cancelReason: 'Flood'});
});

test('a newer value wins over a kept change, whose values are in the conflict', async () => {
  const from = await loseLater(world, {cancelReason: 'None'});
  await from.reassign();
  await from.change({cancelReason: 'Newer'});
  const {items} = await pushLate(from, {cancelReason: 'Older'}, 10);
  const {body} = await apply(from.manager, items[0]!.id);
  expect(body).toMatchObject({status: 'applied', conflicts: [{fields: ['cancelReason']}]});
  expect(await from.task()).toMatchObject({cancelReason: 'Newer'});
});

test('what its own device wrote since is later than a kept change', async () => {
  const from = await loseLater(world, {cancelReason: 'None'});
  await from.reassign();
  const {items} = await pushLate(from, {cancelReason: 'Older', checklist: [{id: 'one', title: 'Look'}]}, 10);
  await from.change({employeeId: from.anaId});
  const checklist = [{id: 'two', title: 'Leave'}];
  await from.ana.push([
    {entity: 'tasks', entityId: from.taskId, payload: {cancelReason: 'Own newer', checklist}},
  ]);
  expect((await apply(from.manager, items[0]!.id)).body.conflicts).toEqual([]);
  expect(await from.task()).toMatchObject({
    cancelReason: 'Own newer',
    checklist: [{id: 'one'}, {id: 'two'}],
  });
});

test('a discarded change does nothing, and says why', async () => {
  const from = await loseLater(world, {status: 'scheduled'});
  await from.reassign();
  const {items} = await pushLate(from, {status: 'in_progress'});
  const {status, body} = await discard(from.manager, items[0]!.id, {note: 'Bo did it himself'});
  expect([status, body]).toEqual([
    200,
    {
      ...items[0],
      status: 'discarded',
      decidedAt: expect.any(String) as unknown,
      decidedBy: (await meOf(from.manager)).id,
      decisionSeq: expect.any(Number) as unknown,
      note: 'Bo did it himself',
    },
  ]);
  expect(await from.task()).toMatchObject({status: 'scheduled'});
  const log = (await from.manager.get<AuditResponse>('/v1/audit?limit=200')).body.items;
  expect(log.at(-1)).toMatchObject({
    action: 'quarantine.discarded',
    entityId: from.taskId,
    seq: body.decisionSeq,
  });
  const again = await apply(from.manager, items[0]!.id);
  expect([again.status, again.body.code, again.body.current]).toEqual([409, 'already_decided', body]);
  expect((await list(from.manager, 'status=open')).items).toEqual([]);
  expect((await list(from.manager, 'status=discarded')).items).toEqual([body]);
});

test('a change of a record that was deleted meanwhile is decided like any late edit of it', async () => {
  const from = await loseLater(world, {cancelReason: 'None'});
  await from.manager.send('DELETE', `/v1/tasks/${from.taskId}`);
  await from.reassign();
  const {items} = await pushLate(from, {cancelReason: 'Flood'}, 10);
  const {body} = await apply(from.manager, items[0]!.id);
  expect(body).toMatchObject({status: 'applied', conflicts: [{fields: ['deletedAt']}]});
  expect(await from.task()).toMatchObject({deletedAt: expect.any(String) as unknown, cancelReason: 'Flood'});
});

test("an author who was removed meanwhile is still the author, by an employee's rules", async () => {
  const from = await loseLater(world, {status: 'scheduled'});
  await from.reassign();
  const {items} = await pushLate(from, {status: 'in_progress'});
  const me = await meOf(from.ana);
  const path = `/v1/tenants/${from.manager.tenantId}/members/${me.id}`;
  expect((await from.manager.send('DELETE', path)).status).toBe(200);
  expect((await list(from.manager)).items[0]?.author).toMatchObject({name: 'New employee'});
  expect((await apply(from.manager, items[0]!.id)).status).toBe(200);
  expect(await from.task()).toMatchObject({status: 'in_progress', updatedBy: me.id});
});

// I36 of docs/reliability.md.
test('of two managers who decide at once one does, and the change is made once', async () => {
  const from = await loseLater(world);
  const second = await world.newMember(from.manager, 'manager');
  await from.reassign();
  await pushLate(from, {notes: {append: 'Once.'}});
  const [item] = (await list(from.manager)).items;
  const applied = await Promise.all([apply(from.manager, item!.id), apply(second, item!.id)]);
  for (const {status, body} of applied)
    expect([200, 409]).toContain(body.code === 'already_decided' ? 409 : status);
  expect(await from.task()).toMatchObject({notes: 'Once.'});

  await pushLate(from, {notes: {append: 'Twice.'}});
  const [other] = (await list(from.manager, 'status=open')).items;
  const [one, two] = await Promise.all([apply(from.manager, other!.id), discard(second, other!.id)]);
  expect([one.status, two.status].sort()).toEqual([200, 409]);
  const isApplied = one.status === 200;
  expect(await from.task()).toMatchObject({notes: isApplied ? 'Once.Twice.' : 'Once.'});
  const {items} = await list(from.manager);
  expect(items[1]?.status).toBe(isApplied ? 'applied' : 'discarded');
  const log = (await from.manager.get<AuditResponse>('/v1/audit?limit=200')).body.items;
  expect(log.filter(({action}) => action.startsWith('quarantine.'))).toHaveLength(2);
});

test('employees and other tenants neither see nor decide', async () => {
  const from = await loseLater(world, {status: 'scheduled'});
  await from.reassign();
  const {items} = await pushLate(from, {status: 'in_progress'});
  const {id} = items[0]!;
  const stranger = await world.newManager();
  expect((await list(stranger)).items).toEqual([]);
  for (const [person, status, code] of [
    [from.ana, 403, 'forbidden'],
    [stranger, 404, 'not_found'],
  ] as const) {
    for (const answer of [
      await person.get<ProblemBody>(`/v1/quarantine/${id}`),
      await apply(person, id),
      await discard(person, id),
    ])
      expect([answer.status, answer.body.code]).toEqual([status, code]);
  }
  expect((await from.ana.get('/v1/quarantine')).status).toBe(403);
  expect((await list(from.manager)).items).toEqual(items);
});

test('a member with too many waiting is told that no more are kept', async () => {
  const from = await loseLater(world);
  await from.reassign();
  const {items, edit} = await pushLate(from, {status: 'in_progress'});
  await world.database.owner.query(
    `INSERT INTO quarantined_changes (tenant_id, id, entity, record_id, user_id, device_id, fingerprint, change, arrived_at)
     SELECT tenant_id, gen_random_uuid(), entity, record_id, user_id, device_id, decode(to_hex(n), 'escape'), change, arrived_at
     FROM quarantined_changes, generate_series(1, 9999) AS n WHERE id = $1`,
    [items[0]!.id],
  );
  const told = async (change: object) => (await from.ana.push([change]))[0]?.error?.message;
  expect(await told({...edit, payload: {status: 'on_hold'}})).toBe(NOT_KEPT_MESSAGE);
  // What is kept stays kept, and its author is told so.
  expect(await told(edit)).toContain('is kept');
  await discard(from.manager, items[0]!.id);
  expect(await told({...edit, payload: {status: 'on_hold'}})).toContain('is kept');
  const {rows} = await world.database.owner.query<{count: string}>(
    'SELECT count(*) FROM quarantined_changes WHERE record_id = $1',
    [from.taskId],
  );
  expect(rows[0]?.count).toBe(10_001);
});

test('kept changes come page by page', async () => {
  const from = await loseLater(world);
  await from.reassign();
  for (const status of ['en_route', 'in_progress', 'on_hold']) await pushLate(from, {status});
  const all = await list(from.manager);
  const first = await list(from.manager, 'limit=2');
  expect([first.items, first.hasMore]).toEqual([all.items.slice(0, 2), true]);
  const rest = await list(from.manager, `limit=2&cursor=${first.nextCursor}`);
  expect([rest.items, rest.hasMore]).toEqual([all.items.slice(2), false]);
});
