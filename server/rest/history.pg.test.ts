// The history of one record: who changed what from which device, before and after, and whom it is shown to.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ConflictsResponse} from '#crdt/protocol/conflicts.ts';
import type {HistoryResponse} from '#crdt/protocol/history.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
let manager: Person & {readonly tenantId: string};
beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
});
afterAll(() => world.close());

async function newTask(fields: object = {}): Promise<{id: string; path: string}> {
  const {body} = await manager.post<{id: string}>('/v1/tasks', {title: 'Boiler', ...fields});
  return {id: body.id, path: `/v1/tasks/${body.id}`};
}

const historyOf = async (path: string, query = ''): Promise<HistoryResponse> => {
  const {status, body} = await manager.get<HistoryResponse>(`${path}/history${query}`);
  expect(status).toBe(200);
  return body;
};

test('every change is shown, latest first, with values before and after, who and from which device', async () => {
  const {id, path} = await newTask();
  await newTask();
  const other = manager.onNewDevice();
  await other.send('PATCH', path, {title: 'Radiator', address: {city: 'Köln'}});
  await manager.send('DELETE', path);
  await manager.send('POST', `${path}/restore`);
  const {items, hasMore, nextCursor} = await historyOf(path);
  expect(items.map(({action}) => action)).toEqual([
    'record.restore',
    'record.delete',
    'record.update',
    'record.create',
  ]);
  expect({hasMore, nextCursor}).toEqual({hasMore: false, nextCursor: null});
  const [, , update, create] = items;
  expect(create?.changes).toContainEqual({field: 'title', before: null, after: 'Boiler'});
  expect(update).toMatchObject({
    entity: 'tasks',
    entityId: id,
    deviceId: other.deviceId,
    userId: create?.userId,
    conflicts: [],
    changes: [
      {field: 'title', before: 'Boiler', after: 'Radiator'},
      // Sealed at rest, opened for managers.
      {field: 'address', before: null, after: {city: 'Köln'}},
    ],
  });
  for (const entry of items) expect(Date.parse(entry.at)).toBeGreaterThan(0);
});

test('pages are complete while the record goes on changing', async () => {
  const {path} = await newTask();
  for (const title of ['B', 'C', 'D', 'E']) await manager.send('PATCH', path, {title});
  const {items: all} = await historyOf(path);
  const seen: number[] = [];
  let query = '?limit=2';
  for (;;) {
    const page = await historyOf(path, query);
    seen.push(...page.items.map(({seq}) => seq));
    if (page.nextCursor === null) break;
    query = `?limit=2&cursor=${page.nextCursor}`;
    await manager.send('PATCH', path, {cancelReason: randomUUID()});
  }
  expect(seen).toEqual(all.map(({seq}) => seq));
});

test('a conflict is named by the change that made it and by the one that settled it', async () => {
  const {id, path} = await newTask();
  const {nextCursor: base} = await manager.pull();
  const change = {entity: 'tasks', entityId: id, base};
  await manager.push([{...change, payload: {title: 'Mine'}}]);
  await manager.onNewDevice().push([{...change, payload: {title: 'Theirs'}}]);
  const {items: conflicts} = (await manager.get<ConflictsResponse>('/v1/conflicts')).body;
  const conflict = conflicts.find(({entityId}) => entityId === id)!;
  await manager.post(`/v1/conflicts/${conflict.id}/resolve`, {resolution: 'keep'});
  const {items} = await historyOf(path);
  expect(items.map(({action, conflicts: named}) => ({action, named}))).toEqual([
    {action: 'conflict.kept', named: [conflict.id]},
    {action: 'record.update', named: [conflict.id]},
    {action: 'record.update', named: []},
    {action: 'record.create', named: []},
  ]);
});

test('employees are refused, whatever record they ask for', async () => {
  const {path} = await newTask();
  const employee = await world.newMember(manager, 'employee');
  const refused = {status: 403, body: {code: 'forbidden'}};
  expect(await employee.get<ProblemBody>(`${path}/history`)).toMatchObject(refused);
  expect(await employee.get(`/v1/tasks/${randomUUID()}/history`)).toMatchObject(refused);
});

test('an unknown record, a record of another entity and a broken cursor are refused', async () => {
  const {id, path} = await newTask();
  const notFound = {status: 404, body: {code: 'not_found'}};
  expect(await manager.get(`/v1/tasks/${randomUUID()}/history`)).toMatchObject(notFound);
  expect(await manager.get(`/v1/teams/${id}/history`)).toMatchObject(notFound);
  expect(await manager.get(`${path}/history?cursor=x`)).toMatchObject({body: {code: 'bad_cursor'}});
  expect(await manager.get(`${path}/history?since=x`)).toMatchObject({body: {code: 'bad_request'}});
});
