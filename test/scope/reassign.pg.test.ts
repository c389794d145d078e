// What an employee sees follows what managers do: live, by pull, and after any time offline.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {createWorld, type Person, type PullBody, type World} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Crew {
  readonly manager: Person;
  readonly ana: Person;
  readonly anaId: string;
  readonly bo: Person;
  readonly boId: string;
}

async function newCrew(): Promise<Crew> {
  const manager = await world.newManager();
  const ana = await world.newMember(manager, 'employee');
  const bo = await world.newMember(manager, 'employee');
  return {manager, ana, anaId: await employeeOf(ana), bo, boId: await employeeOf(bo)};
}

const employeeOf = async (person: Person): Promise<string> =>
  (await person.get<{member: {employeeId: string}}>('/v1/me')).body.member.employeeId;

async function make(person: Person, path: string, fields: object): Promise<string> {
  const {status, body} = await person.post<{id: string}>(path, fields);
  if (status !== 201) throw new Error(`Not made: ${JSON.stringify(body)}`);
  return body.id;
}

async function change(person: Person, path: string, fields: object): Promise<void> {
  const {status, body} = await person.send('PATCH', path, fields);
  if (status !== 200) throw new Error(`Not changed: ${JSON.stringify(body)}`);
}

const newClient = (manager: Person): Promise<string> =>
  make(manager, '/v1/clients', {kind: 'person', displayName: 'Ana Client'});

const start = (): Promise<LiveServer> => startLive(world, {start: startWsTransport});

/** What a device gets on top of a cursor, by record. */
async function pullAll(person: Person, since = ''): Promise<{changes: PullBody['changes']; cursor: string}> {
  const changes: PullBody['changes'][number][] = [];
  let cursor = since;
  for (;;) {
    const page = await person.pull(`limit=3${cursor === '' ? '' : `&since=${cursor}`}`);
    changes.push(...page.changes);
    cursor = page.nextCursor;
    if (!page.hasMore) return {changes, cursor};
  }
}

const told = ({changes}: {changes: PullBody['changes']}): string[] =>
  changes.map(({op, entity, reason}) => `${op} ${entity}${reason === undefined ? '' : ` ${reason}`}`).sort();

// I11 of docs/reliability.md.
test('reassigning a task takes task and client from one device to another, live, though the client did not change', async () => {
  const {manager, ana, anaId, bo, boId} = await newCrew();
  const live = await start();
  const clientId = await newClient(manager);
  const taskId = await make(manager, '/v1/tasks', {title: 'Boiler', clientId, employeeId: anaId});
  const [anas, bos] = [await live.connect(ana), await live.connect(bo)];
  expect(anas.shown('clients', clientId)).toMatchObject({displayName: 'Ana Client'});
  expect(bos.records.has(`clients/${clientId}`)).toBe(false);

  await change(manager, `/v1/tasks/${taskId}`, {employeeId: boId});
  await bos.until(() => bos.records.has(`clients/${clientId}`) && bos.records.has(`tasks/${taskId}`));
  await anas.until(() => !anas.records.has(`clients/${clientId}`) && !anas.records.has(`tasks/${taskId}`));
  expect(bos.shown('clients', clientId)).toMatchObject({displayName: 'Ana Client'});
  expect(bos.shown('tasks', taskId)).toMatchObject({title: 'Boiler', employeeId: boId});

  // From here on the client's changes go to its new owner alone.
  const before = anas.frames.length;
  await change(manager, `/v1/clients/${clientId}`, {displayName: 'Ana Married'});
  await bos.until(() => bos.shown('clients', clientId)['displayName'] === 'Ana Married');
  expect(anas.frames.slice(before).filter(({kind}) => kind === 'changes')).toEqual([]);
  expect([anas.holes, bos.holes]).toEqual([0, 0]);
});

test('another task keeps the client, and a deleted one does not', async () => {
  const {manager, ana, anaId, boId} = await newCrew();
  const live = await start();
  const clientId = await newClient(manager);
  const first = await make(manager, '/v1/tasks', {title: 'One', clientId, employeeId: anaId});
  const second = await make(manager, '/v1/tasks', {title: 'Two', clientId, employeeId: anaId});
  const device = await live.connect(ana);
  await change(manager, `/v1/tasks/${first}`, {employeeId: boId});
  await device.until(() => !device.records.has(`tasks/${first}`));
  expect(device.records.has(`clients/${clientId}`)).toBe(true);
  await manager.send('DELETE', `/v1/tasks/${second}`);
  await device.until(() => !device.records.has(`clients/${clientId}`));
  expect(device.shown('tasks', second)['deletedAt']).not.toBeNull();
  await manager.post(`/v1/tasks/${second}/restore`, {});
  await device.until(() => device.records.has(`clients/${clientId}`));
});

test('by pull and after time offline: what came and what went, each once', async () => {
  const {manager, ana, anaId, boId} = await newCrew();
  const live = await start();
  const clientId = await newClient(manager);
  const taskId = await make(manager, '/v1/tasks', {title: 'Boiler', clientId, employeeId: anaId});
  const begun = await pullAll(ana);
  expect(told(begun)).toEqual(['upsert clients', 'upsert employees', 'upsert tasks']);
  const offline = await live.connect(ana);
  offline.close();
  await offline.ended();
  const {cursor, records} = offline;

  await change(manager, `/v1/tasks/${taskId}`, {employeeId: boId});
  await change(manager, `/v1/clients/${clientId}`, {displayName: 'Not for Ana'});
  const gone = await pullAll(ana, begun.cursor);
  expect(told(gone)).toEqual(['delete clients access', 'delete tasks access']);
  expect(JSON.stringify(gone)).not.toContain('Not for Ana');
  expect(told(await pullAll(ana, gone.cursor))).toEqual([]);
  const back = await live.connect(ana, {cursor, records});
  expect([...back.records.keys()]).toEqual([`employees/${anaId}`]);
  back.close();

  await change(manager, `/v1/tasks/${taskId}`, {employeeId: anaId});
  const again = await pullAll(ana, gone.cursor);
  expect(told(again)).toEqual(['upsert clients', 'upsert tasks']);
  expect(JSON.stringify(again)).toContain('Not for Ana');
  // Who was away for both holds what is there now, by either path.
  expect(told(await pullAll(ana, begun.cursor))).toEqual(['upsert clients', 'upsert tasks']);
  const late = await live.connect(ana, {cursor, records: new Map(records)});
  expect(late.shown('clients', clientId)).toMatchObject({displayName: 'Not for Ana'});
});

test('joining a team brings its tasks and their clients, leaving it takes them away', async () => {
  const {manager, ana, anaId} = await newCrew();
  const live = await start();
  const clientId = await newClient(manager);
  const teamId = await make(manager, '/v1/teams', {name: 'North'});
  const taskIds = await Promise.all(
    ['One', 'Two'].map((title) => make(manager, '/v1/tasks', {title, clientId, teamId})),
  );
  const device = await live.connect(ana);
  expect([...device.records.keys()].sort()).toEqual([`employees/${anaId}`, `teams/${teamId}`]);
  await change(manager, `/v1/employees/${anaId}`, {teamIds: [teamId]});
  await device.until(
    () =>
      device.records.has(`clients/${clientId}`) && taskIds.every((id) => device.records.has(`tasks/${id}`)),
  );
  await change(manager, `/v1/employees/${anaId}`, {teamIds: []});
  await device.until(() => device.records.size === 2);
  expect([...device.records.keys()].sort()).toEqual([`employees/${anaId}`, `teams/${teamId}`]);
});

// I21 of docs/reliability.md.
test('nothing of a record that was never in scope reaches a device, not even its id', async () => {
  const {manager, ana, boId} = await newCrew();
  const live = await start();
  const device = await live.connect(ana);
  const clientId = await newClient(manager);
  const taskId = await make(manager, '/v1/tasks', {title: 'Secret', clientId, employeeId: boId});
  await change(manager, `/v1/tasks/${taskId}`, {title: 'Very secret'});
  await manager.send('DELETE', `/v1/tasks/${taskId}`);
  const teamId = await make(manager, '/v1/teams', {name: 'All see me'});
  await device.until(() => device.records.has(`teams/${teamId}`));
  const heard = Buffer.concat(
    device.frames.flatMap((frame) =>
      frame.kind === 'changes' ? frame.records.flatMap(({id, updates}) => [Buffer.from(id), ...updates]) : [],
    ),
  ).toString('latin1');
  const pulled = JSON.stringify([await ana.pull(), await ana.pull('encoding=yjs')]);
  for (const trace of [clientId, taskId, 'ecret', boId]) {
    expect(heard.includes(trace)).toBe(false);
    expect(pulled.includes(trace)).toBe(false);
  }
  expect(device.frames.some(({kind}) => kind === 'removed')).toBe(false);
  for (const path of [`/v1/tasks/${taskId}`, `/v1/clients/${clientId}`]) {
    expect((await ana.get(path)).body).toMatchObject({code: 'not_found'});
  }
  expect((await ana.get<{items: unknown[]}>('/v1/tasks?deleted=any')).body.items).toEqual([]);
});

test("a remembered id brings nothing back: a reference must be in its writer's scope", async () => {
  const {manager, ana, anaId, boId} = await newCrew();
  const clientId = await newClient(manager);
  const taskId = await make(manager, '/v1/tasks', {title: 'Boiler', clientId, employeeId: anaId});
  await change(manager, `/v1/tasks/${taskId}`, {employeeId: boId});
  const [own, withClient] = await ana.push([
    {entity: 'tasks', payload: {title: 'Mine', employeeId: anaId}},
    {entity: 'tasks', payload: {title: 'Mine too', employeeId: anaId, clientId}},
  ]);
  expect(own).toMatchObject({status: 'applied'});
  expect(withClient).toMatchObject({
    status: 'rejected',
    error: {code: 'out_of_scope', fields: {clientId: expect.any(String) as unknown}},
  });
  const live = await start();
  const device = await live.connect(ana);
  const id = randomUUID();
  const [answer] = await device.answered(
    device.write('tasks', id, {title: 'By Yjs', employeeId: anaId, clientId: clientId.toUpperCase()}),
  );
  expect(answer).toMatchObject({kind: 'ack', refused: [{field: 'clientId', code: 'out_of_scope'}]});
  expect(device.records.has(`clients/${clientId}`)).toBe(false);
  expect((await manager.get(`/v1/tasks/${id}`)).body).toMatchObject({title: 'By Yjs', clientId: null});
});

test('an expense may name a task made in the same push', async () => {
  const {ana, anaId} = await newCrew();
  const taskId = randomUUID();
  const results = await ana.push([
    {entity: 'tasks', entityId: taskId, payload: {title: 'Mine', employeeId: anaId}},
    {entity: 'finance_entries', payload: {kind: 'expense', employeeId: anaId, taskId, currency: 'EUR'}},
  ]);
  expect(results).toMatchObject([{status: 'applied'}, {status: 'applied'}]);
});

test('a task that names another client leaves the one it named, and takes up the other', async () => {
  const {manager, ana, anaId} = await newCrew();
  const [before, after] = [await newClient(manager), await newClient(manager)];
  const taskId = await make(manager, '/v1/tasks', {title: 'Boiler', clientId: before, employeeId: anaId});
  const {cursor} = await pullAll(ana);
  await change(manager, `/v1/tasks/${taskId}`, {clientId: after});
  expect(told(await pullAll(ana, cursor))).toEqual([
    'delete clients access',
    'upsert clients',
    'upsert tasks',
  ]);
  expect((await ana.get(`/v1/clients/${before}`)).status).toBe(404);
  expect((await ana.get(`/v1/clients/${after}`)).status).toBe(200);
});
