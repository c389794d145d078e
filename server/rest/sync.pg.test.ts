import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import * as Y from 'yjs';
import type {PushResponse} from '#crdt/protocol/push.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
let manager: Person & {readonly tenantId: string};
beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
});
afterAll(() => world.close());

const someText: unknown = expect.any(String);
const someNumber: unknown = expect.any(Number);
const taskOf = (payload: object, more: object = {}) => ({entity: 'tasks', payload, ...more});
const readOne = async (person: Person, id: string, query = '') =>
  (await person.pull(`limit=1000${query}`)).changes.find(({entityId}) => entityId === id);
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

test('a pushed change comes back by pull', async () => {
  const entityId = randomUUID();
  const payload = {title: '  Fix the boiler ', status: 'scheduled', notes: 'ring twice'};
  const [result] = await manager.push([taskOf(payload, {entityId})]);
  expect(result).toEqual({index: 0, entityId, status: 'applied', seq: someNumber, updatedAt: someText});
  const {seq, updatedAt} = result!;
  const page = await manager.pull();
  expect({...page, changes: []}).toEqual({
    serverTime: someText,
    changes: [],
    nextCursor: someText,
    hasMore: false,
  });
  const change = await readOne(manager, entityId);
  expect(change).toMatchObject({op: 'upsert', entity: 'tasks', entityId, updatedAt});
  expect(change?.payload).toMatchObject({
    id: entityId,
    title: 'Fix the boiler',
    status: 'scheduled',
    notes: 'ring twice',
    number: someNumber,
    seq,
    updatedAt,
    deletedAt: null,
  });
});

test('create and update mean upsert, and a delete is pulled without its fields', async () => {
  const entityId = randomUUID();
  await manager.push([
    taskOf({title: 'A'}, {op: 'create', entityId}),
    taskOf({title: 'B'}, {op: 'update', entityId}),
  ]);
  expect(await readOne(manager, entityId)).toMatchObject({op: 'upsert', payload: {title: 'B'}});
  const results = await manager.push([{op: 'delete', entity: 'tasks', entityId}]);
  expect(results).toMatchObject([{status: 'applied'}]);
  expect(await readOne(manager, entityId)).toMatchObject({op: 'delete', payload: null, reason: 'deleted'});
  expect(await readOne(manager, entityId, '&encoding=yjs')).toMatchObject({
    op: 'delete',
    payload: {update: someText, generation: 0},
  });
});

// I8 of docs/reliability.md.
test('pages end at the limit, follow each other without a gap, and then stay empty', async () => {
  const {push, pull} = await world.newManager();
  await push([1, 2, 3, 4, 5].map((number) => taskOf({title: `Task ${number}`})));
  const titles: unknown[] = [];
  let since = '';
  for (let more = true; more;) {
    const page = await pull(`limit=2&since=${since}`);
    expect(page.changes.length).toBeLessThanOrEqual(2);
    titles.push(...page.changes.map(({payload}) => payload?.['title']));
    [since, more] = [page.nextCursor, page.hasMore];
  }
  expect(titles).toEqual(['Task 1', 'Task 2', 'Task 3', 'Task 4', 'Task 5']);
  expect(await pull(`since=${since}`)).toMatchObject({changes: [], nextCursor: since});
});

test('since takes an instant, inclusive', async () => {
  const {push, pull} = await world.newManager();
  const [first] = await push([taskOf({title: 'A'})]);
  const [second] = await push([taskOf({title: 'B'})]);
  const titlesSince = async (since = '') =>
    (await pull(`since=${since}`)).changes.map(({payload}) => payload?.['title']);
  expect(await titlesSince(first?.updatedAt)).toEqual(['A', 'B']);
  expect(await titlesSince(second?.updatedAt)).toEqual(['B']);
  expect(await titlesSince(second?.updatedAt?.replace('Z', '+00:00'))).toEqual(['B']);
  expect(await titlesSince('2999-01-01T00:00:00Z')).toEqual([]);
});

test('a repeated push changes nothing and gets the first answer again', async () => {
  const person = await world.newManager();
  const other = person.onNewDevice();
  const entityId = randomUUID();
  await person.push([taskOf({title: 'A'}, {entityId})]);
  const {nextCursor: base} = await other.pull();
  await person.push([taskOf({title: 'B'}, {entityId, base, clientUpdatedAt: minutesAgo(2)})]);
  const changes = [
    taskOf({title: 'C'}, {entityId, base, clientUpdatedAt: minutesAgo(1)}),
    taskOf({priority: 'high'}, {entityId, base, changeId: randomUUID()}),
  ];
  const first = await other.push(changes);
  expect(first).toMatchObject([{status: 'applied', conflicts: [{fields: ['title']}]}, {status: 'applied'}]);
  const readLogs = async () => [
    (await person.get('/v1/conflicts')).body,
    (await person.get('/v1/audit')).body,
  ];
  const before = await readLogs();
  const second = await other.push(changes);
  expect(second).toMatchObject([
    {status: 'unchanged', seq: first[0]?.seq, conflicts: first[0]?.conflicts},
    {status: 'unchanged', seq: first[1]?.seq},
  ]);
  expect(await readLogs()).toEqual(before);
});

test('a change without a base had seen what the device held at its latest pull before the edit', async () => {
  const person = await world.newManager();
  const entityId = randomUUID();
  await person.push([taskOf({title: 'A'}, {entityId})]);
  const [seeing, blind] = [person.onNewDevice(), person.onNewDevice()];
  const {nextCursor} = await seeing.pull();
  await seeing.pull(`since=${nextCursor}`);
  await blind.pull();
  const later = new Date(Date.now() + 1_000).toISOString();
  const [seen] = await seeing.push([taskOf({title: 'B'}, {entityId, clientUpdatedAt: later})]);
  expect(seen).not.toHaveProperty('conflicts');
  const [unseen] = await blind.push([taskOf({title: 'C'}, {entityId, clientUpdatedAt: later})]);
  expect(unseen).toMatchObject({status: 'applied', conflicts: [{fields: ['title']}]});
});

test('an edit made before the pull had not seen what the pull brought', async () => {
  const person = await world.newManager();
  const entityId = randomUUID();
  await person.push([taskOf({title: 'A'}, {entityId})]);
  const other = person.onNewDevice();
  const {nextCursor} = await other.pull();
  await other.pull(`since=${nextCursor}`);
  const [result] = await other.push([taskOf({title: 'B'}, {entityId, clientUpdatedAt: minutesAgo(1)})]);
  expect(result?.conflicts).toMatchObject([{fields: ['title']}]);
});

test('a base may be given by field', async () => {
  const person = await world.newManager();
  const other = person.onNewDevice();
  const entityId = randomUUID();
  const {nextCursor: priority} = await other.pull();
  await person.push([taskOf({title: 'A', priority: 'low'}, {entityId})]);
  const {nextCursor: title} = await other.pull();
  const base = {title, priority};
  const [result] = await other.push([taskOf({title: 'B', priority: 'high'}, {entityId, base})]);
  expect(result?.conflicts).toMatchObject([{fields: ['priority']}]);
});

test("deviceTime says how far the device's clock is off", async () => {
  const person = await world.newManager();
  const entityId = randomUUID();
  await person.push([taskOf({title: 'A'}, {entityId})]);
  const slow = minutesAgo(60);
  const [result] = await person
    .onNewDevice()
    .push([taskOf({title: 'B'}, {entityId, clientUpdatedAt: slow})], {deviceTime: slow});
  expect(result).toMatchObject({status: 'applied', conflicts: [{fields: ['title']}]});
  expect(await readOne(person, entityId)).toMatchObject({payload: {title: 'B'}});
});

/** What one transaction of a stock client sends, in base64. */
function yjsTask(doc: Y.Doc, fields: Record<string, unknown>): string {
  const before = Y.encodeStateVector(doc);
  doc.transact(() => {
    for (const [name, value] of Object.entries(fields)) doc.getMap('fields').set(name, [Date.now(), value]);
  });
  return Buffer.from(Y.encodeStateAsUpdate(doc, before)).toString('base64');
}
const yjsChange = (entityId: string, payload: string, more: object = {}) => ({
  entity: 'tasks',
  entityId,
  encoding: 'yjs',
  payload,
  ...more,
});

test('Yjs updates are pushed and pulled in base64, and the JSON follows', async () => {
  const entityId = randomUUID();
  const doc = new Y.Doc();
  const payload = yjsTask(doc, {title: 'From Yjs', status: 'draft'});
  const change = yjsChange(entityId, payload, {clientUpdatedAt: minutesAgo(0)});
  const [first] = await manager.push([change], {clientId: doc.clientID});
  expect(first?.status).toBe('applied');
  const again = await manager.push([change], {clientId: doc.clientID});
  expect(again).toMatchObject([{status: 'unchanged', seq: first?.seq}]);
  expect(await readOne(manager, entityId)).toMatchObject({payload: {title: 'From Yjs', status: 'draft'}});
  const pulled = await readOne(manager, entityId, '&encoding=yjs');
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Buffer.from(pulled?.payload?.['update'] as string, 'base64'));
  expect(copy.getMap('fields').get('title')).toEqual([someNumber, 'From Yjs']);
});

test('an update that builds on what the server lacks is told from where to send', async () => {
  const entityId = randomUUID();
  const doc = new Y.Doc();
  yjsTask(doc, {title: 'A'});
  const [result] = await manager.push([yjsChange(entityId, yjsTask(doc, {status: 'draft'}))]);
  expect(result).toMatchObject({status: 'rejected', error: {code: 'missing_dependency', generation: 0}});
  const vector = Buffer.from(result?.error?.stateVector ?? '', 'base64');
  const rest = Buffer.from(Y.encodeStateAsUpdate(doc, vector)).toString('base64');
  expect(await manager.push([yjsChange(entityId, rest)])).toMatchObject([{status: 'applied'}]);
});

test('an update of another generation is told the document to start over from, once', async () => {
  const entityId = randomUUID();
  const doc = new Y.Doc();
  await manager.push([yjsChange(entityId, yjsTask(doc, {title: 'A'}))]);
  const change = yjsChange(entityId, yjsTask(doc, {title: 'B'}), {generation: 7});
  const results = await manager.push([change, change]);
  const error = {code: 'reset_required', generation: 0};
  expect(results).toMatchObject([
    {status: 'rejected', error: {...error, state: someText}},
    {status: 'rejected', error},
  ]);
  expect(results[1]?.error).not.toHaveProperty('state');
});

test('a Yjs client id of another device is refused before any write', async () => {
  const other = manager.onNewDevice();
  const doc = new Y.Doc();
  await manager.push([yjsChange(randomUUID(), yjsTask(doc, {title: 'A'}))], {clientId: doc.clientID});
  const entityId = randomUUID();
  const change = {...taskOf({title: 'B'}, {entityId}), op: 'upsert', clientUpdatedAt: minutesAgo(0)};
  const request = {deviceId: other.deviceId, clientId: doc.clientID, changes: [change]};
  const {status, body} = await other.post<ProblemBody>('/v1/sync/push', request);
  expect([status, body.code]).toEqual([409, 'client_taken']);
  expect(await readOne(manager, entityId)).toBeUndefined();
  const forger = new Y.Doc();
  forger.clientID = doc.clientID;
  const [forged] = await other.push([yjsChange(randomUUID(), yjsTask(forger, {title: 'C'}))]);
  expect(forged?.error?.code).toBe('update_foreign_client');
});

test('a refused field of a Yjs update is named, and the others apply', async () => {
  const payload = yjsTask(new Y.Doc(), {title: 'A', status: 'nonsense', number: 9});
  const [result] = await manager.push([yjsChange(randomUUID(), payload)]);
  expect(result?.status).toBe('applied');
  expect(new Map(result?.refused?.map(({field, code}) => [field, code]))).toEqual(
    new Map([
      ['status', 'invalid_value'],
      ['number', 'read_only_field'],
    ]),
  );
});

// I4 of docs/reliability.md.
test('one bad change leaves the others applied, each with its code', async () => {
  const last = randomUUID();
  const bad: [object, string][] = [
    [taskOf({title: 'A', colour: 'red'}), 'unknown_field'],
    [taskOf({title: 7}), 'invalid_value'],
    [taskOf({title: 'A', number: 1}), 'read_only_field'],
    [taskOf({status: 'draft'}), 'required_field'],
    [taskOf({title: 'A\u0000'}), 'invalid_value'],
    [taskOf({title: '\ud800'}), 'invalid_value'],
    [taskOf({title: 'A', notes: 'x\u0000'}), 'invalid_value'],
    [{entity: 'nonsense', payload: {}}, 'unknown_entity'],
    [{entity: 'constructor', payload: {}}, 'unknown_entity'],
    [{entity: 'attachments', payload: {}}, 'read_only_entity'],
    [{op: 'delete', entity: 'tasks'}, 'not_found'],
    [{op: 'merge', entity: 'tasks', payload: {}}, 'bad_request'],
    [taskOf({title: 'A'}, {entityId: 'one'}), 'bad_request'],
    [taskOf({title: 'A'}, {clientUpdatedAt: 'yesterday'}), 'bad_request'],
    [taskOf({title: 'A'}, {clientUpdatedAt: 5}), 'bad_request'],
    [taskOf({title: 'A'}, {changeId: 'x'}), 'bad_request'],
    [taskOf({title: 'A'}, {base: 'yesterday'}), 'bad_cursor'],
    [{entity: 'tasks', payload: 'title'}, 'bad_request'],
    [{entity: 'tasks'}, 'bad_request'],
    [yjsChange(randomUUID(), 'AAA'), 'bad_request'],
    [yjsChange(randomUUID(), 'AAAA='), 'bad_request'],
    [yjsChange(randomUUID(), '/w=='), 'update_malformed'],
    [yjsChange(randomUUID(), Buffer.alloc(70_000).toString('base64')), 'update_too_large'],
  ];
  const results = await manager.push([
    taskOf({title: 'First'}),
    ...bad.map(([change]) => change),
    taskOf({title: 'Last'}, {entityId: last}),
  ]);
  expect(results.map(({index}) => index)).toEqual([...results.keys()]);
  const refused = results.slice(1, -1);
  expect(refused.map(({error}) => error?.code)).toEqual(bad.map(([, code]) => code));
  expect(refused.every(({status}) => status === 'rejected')).toBe(true);
  expect([results[0]?.status, results.at(-1)?.status]).toEqual(['applied', 'applied']);
  expect(await readOne(manager, last)).toBeDefined();
});

test('members named like those of every object are refused, not dropped', async () => {
  const entityId = randomUUID();
  const payload = '{"title":"A","__proto__":{"x":1}}';
  const change = `{"op":"upsert","entity":"tasks","entityId":"${entityId}","clientUpdatedAt":"2026-01-01T00:00:00Z","payload":${payload}}`;
  const {body} = await manager.post<PushResponse>(
    '/v1/sync/push',
    `{"deviceId":"${manager.deviceId}","changes":[${change},null,7]}`,
  );
  expect(body.results).toMatchObject([
    {entityId, error: {code: 'unknown_field'}},
    {entityId: null, error: {code: 'bad_request'}},
    {entityId: null, error: {code: 'bad_request'}},
  ]);
});

test('a change id used for another record is refused', async () => {
  const changeId = randomUUID();
  await manager.push([taskOf({title: 'A'}, {changeId})]);
  const [result] = await manager.push([taskOf({title: 'A'}, {changeId})]);
  expect(result?.error?.code).toBe('idempotency_conflict');
});

test('a stale text is answered with the current one, and append always works', async () => {
  const entityId = randomUUID();
  const other = manager.onNewDevice();
  await manager.push([taskOf({title: 'A', notes: 'one'}, {entityId})]);
  const [stale] = await other.push([taskOf({notes: 'two'}, {entityId})]);
  expect(stale?.error).toMatchObject({code: 'text_base_stale', current: 'one'});
  const [added] = await other.push([taskOf({notes: {append: ' and two'}}, {entityId})]);
  expect(added?.status).toBe('applied');
  expect(await readOne(manager, entityId)).toMatchObject({payload: {notes: 'one and two'}});
});

test('a push of nothing is answered', async () => {
  expect(await manager.push([])).toEqual([]);
});

test('a page of large records ends early', async () => {
  const person = await world.newManager();
  const notes = 'x'.repeat(45_000);
  for (let batch = 0; batch < 6; batch++) {
    await person.push(Array.from({length: 20}, () => taskOf({title: 'Large', notes})));
  }
  const first = await person.pull();
  expect(first.hasMore).toBe(true);
  const second = await person.pull(`limit=1000&since=${first.nextCursor}`);
  expect(second.hasMore).toBe(false);
  expect(first.changes.length + second.changes.length).toBe(120);
});
