// Records as resources: what each method answers for every entity, and how changes meet.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import {createWorld, type Answer, type Person, type ProblemBody, type World} from '#test/support/world.ts';

type Fields = Readonly<Record<string, unknown>> & {readonly id: string; readonly seq: number};

let world: World;
let manager: Person & {readonly tenantId: string};
beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
});
afterAll(() => world.close());

const etagOf = ({headers}: Answer): string => headers.get('etag') ?? '';

async function newTask(fields: object = {}): Promise<{path: string; etag: string; body: Fields}> {
  const answer = await manager.post<Fields>('/v1/tasks', {title: 'Boiler', ...fields});
  expect(answer.status).toBe(201);
  return {path: `/v1/tasks/${answer.body.id}`, etag: etagOf(answer), body: answer.body};
}

const resources: readonly [path: string, made: object, changed: object][] = [
  ['clients', {kind: 'person', displayName: 'Ana', tags: ['vip']}, {displayName: 'Ana B', tags: []}],
  ['employees', {displayName: 'Ben', jobTitle: 'Fitter'}, {jobTitle: 'Foreman', notes: 'On leave in May'}],
  ['teams', {name: 'North', active: true}, {active: false, color: '#00AAFF'}],
  [
    'service-types',
    {name: 'Repair', checklistTemplate: [{id: 's1', title: 'Drain'}]},
    {defaultPriceMinor: 9_900, checklistTemplate: []},
  ],
  ['tasks', {title: 'Boiler', status: 'scheduled'}, {status: 'completed', dueAt: '2026-03-01T08:00:00.000Z'}],
  [
    'finance-entries',
    {kind: 'expense', amountMinor: 1_000, currency: 'EUR'},
    {vendor: 'Shop', issueDate: '2026-02-28'},
  ],
];

describe.each(resources)('/v1/%s', (name, made, changed) => {
  const path = `/v1/${name}`;

  test('makes, shows, changes, deletes and restores a record', async () => {
    const created = await manager.post<Fields>(path, made);
    expect(created).toMatchObject({status: 201});
    const {id} = created.body;
    expect(withoutPositions(created.body)).toMatchObject({...made, deletedAt: null});
    expect(created.headers.get('location')).toBe(`${path}/${id}`);
    expect(etagOf(created)).toBe(`"${created.body.seq}"`);

    const read = await manager.get<Fields>(`${path}/${id}`);
    expect(read.body).toEqual(created.body);
    expect(etagOf(read)).toBe(etagOf(created));

    const patched = await manager.send<Fields>('PATCH', `${path}/${id}`, changed);
    expect(patched).toMatchObject({status: 200, body: {...made, ...changed}});
    expect(etagOf(patched)).not.toBe(etagOf(created));

    const deleted = await manager.send('DELETE', `${path}/${id}`);
    expect(deleted).toMatchObject({status: 204, body: null});
    const shown = await manager.get<Fields>(`${path}/${id}`);
    expect(shown).toMatchObject({status: 200, body: {deletedAt: expect.any(String) as unknown}});

    const restored = await manager.send<Fields>('POST', `${path}/${id}/restore`);
    expect(restored).toMatchObject({status: 200, body: {...made, ...changed, deletedAt: null}});
  });

  test('what is written here is what a device pulls, and the other way round', async () => {
    const {body} = await manager.post<Fields>(path, made);
    const {changes} = await manager.pull();
    const pulled = changes.find(({entityId}) => entityId === body.id);
    expect(pulled?.payload).toEqual(body);
    const entityId = randomUUID();
    await manager.push([{entity: name.replaceAll('-', '_'), entityId, payload: made}]);
    const read = await manager.get<Fields>(`${path}/${entityId}`);
    expect(withoutPositions(read.body)).toMatchObject(made);
  });

  test('an id that is taken is refused, deleted or not', async () => {
    const id = randomUUID();
    expect(await manager.post(path, {...made, id})).toMatchObject({status: 201, body: {id}});
    const taken = {status: 409, body: {code: 'already_exists'}};
    expect(await manager.post(path, {...made, id})).toMatchObject(taken);
    await manager.send('DELETE', `${path}/${id}`);
    expect(await manager.post(path, {...made, id})).toMatchObject(taken);
  });

  test('a record of another tenant answers as one that does not exist', async () => {
    const {body} = await manager.post<Fields>(path, made);
    const stranger = await world.newManager('Other');
    const ask = async (id: string) => [
      await stranger.get<ProblemBody>(`${path}/${id}`),
      await stranger.send<ProblemBody>('PATCH', `${path}/${id}`, changed),
      await stranger.send<ProblemBody>('DELETE', `${path}/${id}`),
      await stranger.send<ProblemBody>('POST', `${path}/${id}/restore`),
      await stranger.get<ProblemBody>(`${path}/${id}/history`),
    ];
    const comparable = (answers: Answer<ProblemBody>[]) =>
      answers.map(({status, body: {requestId: _, ...rest}}) => ({status, rest}));
    const foreign = comparable(await ask(body.id));
    expect(foreign).toEqual(comparable(await ask(randomUUID())));
    expect(foreign).toEqual(comparable(await ask('one')));
    for (const answer of foreign) expect(answer).toMatchObject({status: 404, rest: {code: 'not_found'}});
    expect((await stranger.get<{items: unknown[]}>(`${path}?deleted=any`)).body.items).toEqual([]);
  });
});

/** The server gives items their positions. */
function withoutPositions(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      name === 'checklistTemplate'
        ? (value as {position: string}[]).map(({position: _, ...item}) => item)
        : value,
    ]),
  );
}

describe('If-Match', () => {
  test('of two changes made on one state exactly one is accepted; the other is told the state', async () => {
    for (let round = 0; round < 10; round++) {
      const {path, etag} = await newTask();
      const answers = await Promise.all(
        ['A', 'B'].map((title) =>
          manager.send<Fields & {current?: Fields}>('PATCH', path, {title}, {'if-match': etag}),
        ),
      );
      expect(answers.map(({status}) => status).sort()).toEqual([200, 412]);
      const accepted = answers.find(({status}) => status === 200)!;
      const refused = answers.find(({status}) => status === 412)!;
      expect(refused.body).toMatchObject({code: 'precondition_failed', current: accepted.body});
      expect((await manager.get(path)).body).toEqual(accepted.body);
    }
  });

  test('a change of another field by a device counts as another state', async () => {
    const {path, etag, body} = await newTask();
    await manager.push([{entity: 'tasks', entityId: body.id, payload: {priority: 'high'}}]);
    const ask = (method: string, at: string, sent?: object) =>
      manager.send<ProblemBody>(method, at, sent, {'if-match': etag});
    expect(await ask('PATCH', path, {title: 'X'})).toMatchObject({status: 412});
    expect(await ask('DELETE', path)).toMatchObject({status: 412, body: {current: {priority: 'high'}}});
    expect(await ask('POST', `${path}/restore`)).toMatchObject({status: 412});
    expect((await manager.get(path)).body).toMatchObject({title: 'Boiler', deletedAt: null});
  });

  test.each([
    ['the ETag', (etag: string) => etag, 200],
    ['one of several', (etag: string) => `"1", ${etag}`, 200],
    ['an ETag that a proxy weakened', (etag: string) => `W/${etag}`, 200],
    ['any', () => '*', 200],
    ['another', () => '"999999"', 412],
    ['one this server never gave', () => '"abc"', 412],
    ['no ETag', (etag: string) => etag.replaceAll('"', ''), 400],
  ])('%s', async (_, given, status) => {
    const {path, etag} = await newTask();
    const answer = await manager.send('PATCH', path, {title: 'New'}, {'if-match': given(etag)});
    expect(answer.status).toBe(status);
  });

  test('* does not make a record that is not there', async () => {
    const path = `/v1/tasks/${randomUUID()}`;
    const answer = await manager.send('PATCH', path, {title: 'New'}, {'if-match': '*'});
    expect(answer).toMatchObject({status: 404, body: {code: 'not_found'}});
    expect((await manager.get(path)).status).toBe(404);
  });
});

describe('Idempotency-Key', () => {
  test('a repeated POST makes one record and is answered alike', async () => {
    const key = {'idempotency-key': randomUUID()};
    const ask = () => manager.post<Fields>('/v1/teams', {name: 'Once'}, key);
    const [first, ...others] = await Promise.all([ask(), ask(), ask()]);
    expect(first.status).toBe(201);
    for (const other of others) expect(other).toMatchObject({status: 201, body: first.body});
    const {body} = await manager.get<{items: Fields[]}>('/v1/teams?q=once');
    expect(body.items).toHaveLength(1);
  });

  test('a repeated PATCH does not undo what came after it, and its If-Match still counts', async () => {
    const {path, etag} = await newTask();
    const headers = {'idempotency-key': randomUUID(), 'if-match': etag};
    expect((await manager.send('PATCH', path, {title: 'First'}, headers)).status).toBe(200);
    await manager.send('PATCH', path, {title: 'Second'});
    const repeat = await manager.send('PATCH', path, {title: 'First'}, headers);
    expect(repeat).toMatchObject({status: 200, body: {title: 'Second'}});
  });

  test('a key used for a change does not stand for a delete, nor for another record', async () => {
    const [{path}, other] = [await newTask(), await newTask()];
    const key = {'idempotency-key': randomUUID()};
    await manager.send('PATCH', path, {title: 'New'}, key);
    expect((await manager.send('DELETE', path, undefined, key)).status).toBe(204);
    expect((await manager.get(path)).body).toMatchObject({deletedAt: expect.any(String) as unknown});
    const reused = await manager.send('PATCH', other.path, {title: 'New'}, key);
    expect(reused).toMatchObject({status: 409, body: {code: 'idempotency_conflict'}});
  });
});

describe('merging', () => {
  test('two changes of different fields at once both stay, without a conflict', async () => {
    const {path} = await newTask();
    const sent = [{title: 'A'}, {priority: 'urgent'}, {status: 'on_hold'}];
    const answers = await Promise.all(sent.map((fields) => manager.send<Fields>('PATCH', path, fields)));
    for (const {status, body} of answers) {
      expect(status).toBe(200);
      expect(body).not.toHaveProperty('conflicts');
    }
    expect((await manager.get(path)).body).toMatchObject({title: 'A', priority: 'urgent', status: 'on_hold'});
  });

  test('a frozen field keeps its value, and the answer says so', async () => {
    const {body} = await manager.post<Fields>('/v1/finance-entries', {
      kind: 'invoice',
      status: 'issued',
      currency: 'EUR',
    });
    const answer = await manager.send<Fields>('PATCH', `/v1/finance-entries/${body.id}`, {
      currency: 'USD',
      dueDate: '2026-03-31',
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {currency: 'EUR', dueDate: '2026-03-31', conflicts: [{fields: ['currency']}]},
    });
  });

  test('a text is appended to', async () => {
    const {path} = await newTask({notes: 'One.'});
    const answer = await manager.send('PATCH', path, {notes: {append: ' Two.'}});
    expect(answer).toMatchObject({status: 200, body: {notes: 'One. Two.'}});
  });

  test('a change of a deleted record leaves it deleted, unless it says otherwise', async () => {
    const {path} = await newTask();
    await manager.send('DELETE', path);
    expect((await manager.send('DELETE', path)).status).toBe(204);
    const changed = await manager.send('PATCH', path, {title: 'Still gone'});
    expect(changed).toMatchObject({status: 200, body: {deletedAt: expect.any(String) as unknown}});
    const back = await manager.send('PATCH', path, {deletedAt: null});
    expect(back).toMatchObject({status: 200, body: {title: 'Still gone', deletedAt: null}});
  });

  test('the log names the caller and the device', async () => {
    const {body} = await newTask();
    const {items} = (await manager.get<AuditResponse>('/v1/audit?limit=200')).body;
    const entry = items.find(({entityId}) => entityId === body.id);
    expect(entry).toMatchObject({action: 'record.create', deviceId: manager.deviceId});
  });
});

test('the document describes every route with the fields of its entity', () => {
  const document = world.app.describe() as {
    paths: Record<string, Record<string, unknown>>;
    components: {schemas: Record<string, {properties: object}>};
  };
  for (const [name] of resources) {
    expect(Object.keys(document.paths[`/v1/${name}`] ?? {})).toEqual(['get', 'post']);
    expect(Object.keys(document.paths[`/v1/${name}/{id}`] ?? {})).toEqual(['get', 'patch', 'delete']);
    expect(Object.keys(document.paths[`/v1/${name}/{id}/restore`] ?? {})).toEqual(['post']);
    expect(Object.keys(document.paths[`/v1/${name}/{id}/history`] ?? {})).toEqual(['get']);
  }
  const {schemas} = document.components;
  expect(Object.keys(schemas['FinanceEntry']?.properties ?? {})).toContain('totalMinor');
  expect(Object.keys(schemas['NewFinanceEntry']?.properties ?? {})).not.toContain('totalMinor');
  expect(Object.keys(schemas['TaskPatch']?.properties ?? {})).toContain('schedule');
});
