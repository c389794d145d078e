import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import * as Y from 'yjs';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import type {Conflict, ConflictsResponse} from '#crdt/protocol/conflicts.ts';
import {createWorld, type Answer, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

type Resolved = Answer<Conflict & Omit<ProblemBody, 'status'> & {readonly current?: Conflict}>;

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const list = async (person: Person, query = '') =>
  (await person.get<ConflictsResponse>(`/v1/conflicts?${query}`)).body;
const resolve = (person: Person, id: string, body: object): Promise<Resolved> =>
  person.post(`/v1/conflicts/${id}/resolve`, body);
const readOne = async (person: Person, id: string) =>
  (await person.pull()).changes.find(({entityId}) => entityId === id);
const readActions = async (person: Person) =>
  (await person.get<AuditResponse>('/v1/audit?limit=200')).body.items.map(({action}) => action);

/**
 * A record on which two devices of one manager wrote without knowing of each other: `first` a while before
 * `second`. Changes are fields, or 'delete'.
 */
async function collide(
  entity: string,
  {initial, first, second}: {initial: object; first: object | 'delete'; second: object | 'delete'},
) {
  const manager = await world.newManager();
  const other = manager.onNewDevice();
  const entityId = randomUUID();
  await manager.push([{entity, entityId, payload: initial, clientUpdatedAt: minutesAgo(30)}]);
  const {nextCursor: base} = await other.pull();
  const change = (what: object | 'delete', minutes: number) => ({
    entity,
    entityId,
    base,
    clientUpdatedAt: minutesAgo(minutes),
    ...(what === 'delete' ? {op: 'delete'} : {payload: what}),
  });
  await manager.push([change(first, 20)]);
  const [result] = await other.push([change(second, 10)]);
  const {items} = await list(manager);
  return {manager, other, entity, entityId, base, result, conflict: items[0]!, items};
}

const titles = {initial: {title: 'A'}, first: {title: 'B'}, second: {title: 'C'}};

test('a conflict tells both sides, what both had seen, and who won', async () => {
  const {manager, other, entityId, conflict, items, result} = await collide('tasks', titles);
  expect(items).toHaveLength(1);
  expect(result?.conflicts).toEqual([{id: conflict.id, fields: ['title']}]);
  expect(conflict).toMatchObject({
    entity: 'tasks',
    entityId,
    status: 'open',
    seq: result?.seq,
    createdAt: result?.updatedAt,
    fields: [
      {
        field: 'title',
        base: 'A',
        winner: {field: 'title', value: 'C', deviceId: other.deviceId},
        loser: {field: 'title', value: 'B', deviceId: manager.deviceId},
      },
    ],
  });
  expect(conflict.summary).not.toMatch(/[ABC]\b/);
  expect(conflict).not.toHaveProperty('resolvedAt');
});

test('keep lets the winner stand, with who, when and why', async () => {
  const {manager, entityId, conflict} = await collide('tasks', titles);
  const {status, body} = await resolve(manager, conflict.id, {resolution: 'keep', note: 'C is right'});
  expect(status).toBe(200);
  const me = await manager.get<{id: string}>('/v1/me');
  expect(body).toMatchObject({id: conflict.id, status: 'kept', resolvedBy: me.body.id, note: 'C is right'});
  expect((await readOne(manager, entityId))?.payload).toMatchObject({title: 'C'});
  expect((await list(manager)).items).toEqual([body]);
  const log = await manager.get<AuditResponse>('/v1/audit');
  expect(log.body.items.at(-1)).toMatchObject({
    action: 'conflict.kept',
    seq: body.resolutionSeq,
    entity: 'tasks',
    entityId,
    userId: me.body.id,
    deviceId: manager.deviceId,
  });
  const stored = await world.database.owner.query<{note: Buffer}>(
    'SELECT note FROM conflict_logs WHERE id = $1',
    [conflict.id],
  );
  expect(stored.rows[0]?.note.includes('right')).toBe(false);
});

test("restore gives the loser's value back to every device", async () => {
  const {manager, other, entityId, conflict} = await collide('tasks', titles);
  const {status, body} = await resolve(manager, conflict.id, {resolution: 'restore'});
  expect([status, body.status]).toEqual([200, 'restored']);
  expect((await readOne(other, entityId))?.payload).toMatchObject({title: 'B'});
  expect((await list(manager)).items).toHaveLength(1);
  expect((await readActions(manager)).slice(-2)).toEqual(['record.update', 'conflict.restored']);
});

test('restore takes a value of the manager instead', async () => {
  const {manager, entityId, conflict} = await collide('tasks', titles);
  const {status} = await resolve(manager, conflict.id, {resolution: 'restore', fields: {title: ' B and C '}});
  expect(status).toBe(200);
  expect((await readOne(manager, entityId))?.payload).toMatchObject({title: 'B and C'});
});

test('fields that the conflict is not about, or that break a schema, restore nothing', async () => {
  const {manager, entityId, conflict} = await collide('tasks', titles);
  const refused: [object, string][] = [
    [{fields: {priority: 'high'}}, 'bad_request'],
    [{fields: {}}, 'bad_request'],
    [{fields: {title: 7}}, 'invalid_value'],
    [{fields: {title: null}}, 'required_field'],
    [{fields: {title: 'A\u0000'}}, 'bad_request'],
    [{note: '\u0000'}, 'bad_request'],
    [{resolution: 'keep', fields: {title: 'B'}}, 'bad_request'],
    [{resolution: 'undo'}, 'bad_request'],
  ];
  for (const [body, code] of refused) {
    const answer = await resolve(manager, conflict.id, {resolution: 'restore', ...body});
    expect([answer.status, answer.body.code, body]).toEqual([400, code, body]);
  }
  expect((await list(manager)).items).toMatchObject([{status: 'open'}]);
  expect((await readOne(manager, entityId))?.payload).toMatchObject({title: 'C'});
});

test('a resolved conflict is not resolved again, and says how it stands', async () => {
  const {manager, entityId, conflict} = await collide('tasks', titles);
  await resolve(manager, conflict.id, {resolution: 'keep'});
  const {status, body} = await resolve(manager, conflict.id, {resolution: 'restore'});
  expect([status, body.code, body.current?.status]).toEqual([409, 'already_resolved', 'kept']);
  expect((await readOne(manager, entityId))?.payload).toMatchObject({title: 'C'});
});

test('two clicks restore once', async () => {
  const {manager, conflict} = await collide('tasks', titles);
  const answers = await Promise.all(
    [1, 2, 3].map(() => resolve(manager, conflict.id, {resolution: 'restore'})),
  );
  expect(answers.map(({status}) => status).sort()).toEqual([200, 409, 409]);
  const actions = await readActions(manager);
  expect(actions.filter((action) => action === 'conflict.restored')).toHaveLength(1);
  expect(actions.filter((action) => action === 'record.update')).toHaveLength(3);
});

test('an item of a list is restored by itself', async () => {
  const item = (title: string) => ({
    checklist: [
      {id: 'one', title},
      {id: 'two', title: 'Same'},
    ],
  });
  const {manager, entityId, conflict} = await collide('tasks', {
    initial: {title: 'A', ...item('1')},
    first: item('2'),
    second: item('3'),
  });
  expect(conflict.fields).toMatchObject([{field: 'checklist/one'}]);
  expect((await resolve(manager, conflict.id, {resolution: 'restore'})).status).toBe(200);
  const {payload} = (await readOne(manager, entityId))!;
  expect(payload?.['checklist']).toMatchObject([
    {id: 'one', title: '2'},
    {id: 'two', title: 'Same'},
  ]);
});

test('an item takes a value of the manager, with or without its id', async () => {
  const item = (title: string) => ({checklist: [{id: 'one', title}]});
  const {manager, entityId, conflict} = await collide('tasks', {
    initial: {title: 'A', ...item('1')},
    first: item('2'),
    second: item('3'),
  });
  const own = {id: 'one', title: '2 and 3', position: 'a0'};
  const answer = await resolve(manager, conflict.id, {resolution: 'restore', fields: {'checklist/one': own}});
  expect(answer.status).toBe(200);
  expect((await readOne(manager, entityId))?.payload?.['checklist']).toEqual([own]);
});

test('a member of a set is restored by itself', async () => {
  const manager = await world.newManager();
  const other = manager.onNewDevice();
  const entityId = randomUUID();
  const payload = {kind: 'person', displayName: 'Ana', tags: ['vip', 'north']};
  await manager.push([{entity: 'clients', entityId, payload}]);
  const {nextCursor: base, changes} = await other.pull('encoding=yjs');
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Buffer.from(changes[0]?.payload?.['update'] as string, 'base64'));
  const before = Y.encodeStateVector(doc);
  doc.getMap('set:tags').set('vip', [Date.now() + 60_000, true]);
  const update = Buffer.from(Y.encodeStateAsUpdate(doc, before)).toString('base64');
  await manager.push([{entity: 'clients', entityId, base, payload: {tags: ['north']}}]);
  await other.push([{entity: 'clients', entityId, encoding: 'yjs', payload: update}]);
  expect((await readOne(manager, entityId))?.payload).toMatchObject({tags: ['north', 'vip']});
  const [conflict] = (await list(manager)).items;
  expect(conflict?.fields).toMatchObject([{field: 'tags/vip', winner: {value: true}, loser: {value: null}}]);
  expect((await resolve(manager, conflict!.id, {resolution: 'restore'})).status).toBe(200);
  expect((await readOne(manager, entityId))?.payload).toMatchObject({tags: ['north']});
});

test('a delete that lost deletes the record after all', async () => {
  const {manager, entityId, conflict} = await collide('tasks', {
    initial: {title: 'A'},
    first: 'delete',
    second: {title: 'C'},
  });
  expect(conflict.fields).toMatchObject([{field: 'deletedAt', winner: {field: 'title', value: 'C'}}]);
  expect((await readOne(manager, entityId))?.op).toBe('upsert');
  expect((await resolve(manager, conflict.id, {resolution: 'restore'})).status).toBe(200);
  expect(await readOne(manager, entityId)).toMatchObject({op: 'delete'});
});

test('an edit that lost to a delete brings the record back with its value', async () => {
  const {manager, entityId, conflict} = await collide('tasks', {
    initial: {title: 'A'},
    first: {title: 'B', priority: 'high'},
    second: 'delete',
  });
  expect(conflict.fields.map(({field}) => field).sort()).toEqual(['priority', 'title']);
  expect(await readOne(manager, entityId)).toMatchObject({op: 'delete'});
  expect((await resolve(manager, conflict.id, {resolution: 'restore'})).status).toBe(200);
  expect(await readOne(manager, entityId)).toMatchObject({
    op: 'upsert',
    payload: {title: 'B', priority: 'high', deletedAt: null},
  });
});

test('what the state of a record froze is not restored, and no conflict comes of trying', async () => {
  const {manager, entityId, conflict} = await collide('finance_entries', {
    initial: {kind: 'invoice', status: 'draft', currency: 'EUR'},
    first: {currency: 'USD'},
    second: {currency: 'CHF'},
  });
  const {nextCursor: base} = await manager.pull();
  await manager.push([{entity: 'finance_entries', entityId, base, payload: {status: 'issued'}}]);
  const {status, body} = await resolve(manager, conflict.id, {resolution: 'restore'});
  expect([status, body.code]).toEqual([409, 'frozen']);
  expect((await list(manager)).items).toEqual([conflict]);
  expect((await resolve(manager, conflict.id, {resolution: 'keep'})).status).toBe(200);
});

test('conflicts of one change come page by page, and by status and time', async () => {
  const {manager, items} = await collide('tasks', {
    initial: {title: 'A', priority: 'low'},
    first: {title: 'B', priority: 'normal'},
    second: {title: 'C', priority: 'high'},
  });
  expect(items).toHaveLength(2);
  const first = await list(manager, 'limit=1');
  expect([first.items, first.hasMore]).toEqual([[items[0]], true]);
  const second = await list(manager, `limit=1&since=${first.nextCursor}`);
  expect([second.items, second.hasMore]).toEqual([[items[1]], false]);
  const third = await list(manager, `since=${second.nextCursor}`);
  expect(third).toEqual({items: [], nextCursor: second.nextCursor, hasMore: false});
  await resolve(manager, items[0]!.id, {resolution: 'keep'});
  expect((await list(manager, 'status=open')).items).toEqual([items[1]]);
  expect((await list(manager, 'status=kept')).items).toMatchObject([{id: items[0]?.id}]);
  expect((await list(manager, `since=${items[0]?.createdAt}`)).items).toHaveLength(2);
  expect((await list(manager, 'since=2999-01-01T00:00:00Z')).items).toEqual([]);
});

test('the log names actions, authors and values in order, page by page', async () => {
  const {manager, entityId} = await collide('tasks', titles);
  const {body} = await manager.get<AuditResponse>('/v1/audit');
  expect(body.items.map(({seq}) => seq)).toEqual([...body.items.keys()].map((index) => index + 1));
  expect(body.items.map(({action}) => action)).toEqual([
    'tenant.created',
    'device.added',
    'record.create',
    'device.added',
    'record.update',
    'record.update',
  ]);
  expect(body.items[4]).toMatchObject({
    entity: 'tasks',
    entityId,
    deviceId: manager.deviceId,
    changes: [{field: 'title', before: 'A', after: 'B'}],
  });
  const page = await manager.get<AuditResponse>('/v1/audit?limit=2');
  expect([page.body.items, page.body.hasMore]).toEqual([body.items.slice(0, 2), true]);
  const rest = await manager.get<AuditResponse>(`/v1/audit?since=${page.body.nextCursor}`);
  expect([rest.body.items, rest.body.hasMore]).toEqual([body.items.slice(2), false]);
  const since = body.items[5]?.at ?? '';
  const latest = await manager.get<AuditResponse>(`/v1/audit?since=${since}`);
  expect(latest.body.items).toEqual(body.items.slice(5));
});

test('employees see neither conflicts nor the log, and resolve nothing', async () => {
  const {manager, conflict} = await collide('tasks', titles);
  const employee = await world.newMember(manager, 'employee');
  for (const answer of [
    await employee.get<ProblemBody>('/v1/conflicts'),
    await employee.get<ProblemBody>('/v1/audit'),
    await resolve(employee, conflict.id, {resolution: 'keep'}),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  }
  expect((await list(manager)).items).toMatchObject([{status: 'open'}]);
});

test('an employee is warned of the conflicts of their own changes', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const me = await employee.get<{member: {employeeId: string}}>('/v1/me');
  const entityId = randomUUID();
  const {employeeId} = me.body.member;
  await manager.push([{entity: 'tasks', entityId, payload: {title: 'A', employeeId, status: 'draft'}}]);
  const {nextCursor: base} = await employee.pull();
  await manager.push([{entity: 'tasks', entityId, payload: {status: 'scheduled'}}]);
  const [result] = await employee.push([{entity: 'tasks', entityId, base, payload: {status: 'on_hold'}}]);
  expect(result?.conflicts).toMatchObject([{fields: ['status']}]);
});
