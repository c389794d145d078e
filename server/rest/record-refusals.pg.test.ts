// Records as resources: what is refused, by role and by form.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
let manager: Person & {readonly tenantId: string};
let employee: Person;
beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
  employee = await world.newMember(manager, 'employee');
});
afterAll(() => world.close());

/** The employee's, unless it is nobody's. */
async function newTask(fields?: object): Promise<{path: string}> {
  const {employeeId} = (await employee.get<{member: {employeeId: string}}>('/v1/me')).body.member;
  const {body} = await manager.post<{id: string}>('/v1/tasks', fields ?? {title: 'Boiler', employeeId});
  return {path: `/v1/tasks/${body.id}`};
}

describe('employees', () => {
  test('change what their role may, and are told which field they may not', async () => {
    const {path} = await newTask();
    expect((await employee.send('PATCH', path, {status: 'in_progress'})).status).toBe(200);
    expect(await employee.send('PATCH', path, {status: 'completed', title: 'Mine'})).toMatchObject({
      status: 403,
      body: {code: 'forbidden_field', fields: {title: expect.any(String) as unknown}},
    });
    expect((await manager.get(path)).body).toMatchObject({title: 'Boiler', status: 'in_progress'});
  });

  test('neither delete nor restore', async () => {
    const {path} = await newTask();
    expect(await employee.send('DELETE', path)).toMatchObject({status: 403, body: {code: 'forbidden_field'}});
    await manager.send('DELETE', path);
    expect(await employee.send('POST', `${path}/restore`)).toMatchObject({status: 403});
  });

  test('find nothing at the path of a record outside their scope, as if it did not exist', async () => {
    const {path} = await newTask({title: 'Of nobody'});
    const missing = {status: 404, body: {code: 'not_found'}};
    expect(await employee.get(path)).toMatchObject(missing);
    expect(await employee.send('PATCH', path, {status: 'completed'})).toMatchObject(missing);
    expect(await employee.send('DELETE', path)).toMatchObject(missing);
    expect(await employee.send('POST', `${path}/restore`)).toMatchObject(missing);
    expect((await manager.get<object>(path)).body).toMatchObject({title: 'Of nobody', deletedAt: null});
  });

  test('create what is theirs, and nothing else', async () => {
    const me = await employee.get<{member: {employeeId: string}}>('/v1/me');
    const {employeeId} = me.body.member;
    expect((await employee.post('/v1/tasks', {title: 'Mine', employeeId})).status).toBe(201);
    const forbidden = {status: 403, body: {code: 'forbidden'}};
    expect(await employee.post('/v1/tasks', {title: 'Not mine'})).toMatchObject(forbidden);
    expect(await employee.post('/v1/teams', {name: 'Mine'})).toMatchObject(forbidden);
  });
});

describe('bad requests', () => {
  const refusals: readonly [what: string, method: string, path: string, body: unknown, problem: object][] = [
    [
      'no required field',
      'POST',
      '/v1/tasks',
      {},
      {status: 400, code: 'required_field', fields: {title: ''}},
    ],
    [
      'a broken value',
      'POST',
      '/v1/tasks',
      {title: 7},
      {status: 400, code: 'invalid_value', fields: {title: ''}},
    ],
    [
      'an unknown field',
      'POST',
      '/v1/teams',
      {name: 'A', x: 1},
      {status: 400, code: 'unknown_field', fields: {x: ''}},
    ],
    [
      'a field of every object',
      'POST',
      '/v1/teams',
      '{"name":"A","__proto__":{"x":1}}',
      {status: 400, code: 'unknown_field'},
    ],
    [
      'a field of the server',
      'POST',
      '/v1/tasks',
      {title: 'A', number: 3},
      {status: 400, code: 'read_only_field', fields: {number: ''}},
    ],
    [
      'a derived field',
      'POST',
      '/v1/finance-entries',
      {kind: 'expense', totalMinor: 3},
      {status: 400, code: 'read_only_field'},
    ],
    [
      'a common field',
      'POST',
      '/v1/teams',
      {name: 'A', seq: 3},
      {status: 400, code: 'read_only_field', fields: {seq: ''}},
    ],
    [
      'no UUID as id',
      'POST',
      '/v1/teams',
      {name: 'A', id: 'one'},
      {status: 400, code: 'bad_request', fields: {id: ''}},
    ],
    ['an array', 'POST', '/v1/teams', [], {status: 400, code: 'bad_request', fields: {body: ''}}],
    ['broken JSON', 'POST', '/v1/teams', '{', {status: 400, code: 'bad_json'}],
    ['NUL', 'POST', '/v1/teams', {name: 'A\0'}, {status: 400, code: 'invalid_value', fields: {name: ''}}],
    ['a server-written entity', 'POST', '/v1/attachments', {}, {status: 404, code: 'not_found'}],
    ['an unknown method', 'PUT', `/v1/teams/${randomUUID()}`, {}, {status: 405, code: 'method_not_allowed'}],
  ];
  test.each(refusals)('%s', async (_, method, path, body, {fields, ...problem}: {fields?: object}) => {
    const answer =
      method === 'POST'
        ? await manager.post<ProblemBody>(path, body)
        : await manager.send<ProblemBody>(method, path, body);
    expect(answer.body).toMatchObject(problem);
    if (fields !== undefined) expect(Object.keys(answer.body.fields ?? {})).toEqual(Object.keys(fields));
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  test('a key that is no UUID', async () => {
    const answer = await manager.post('/v1/teams', {name: 'A'}, {'idempotency-key': 'again'});
    expect(answer).toMatchObject({status: 400, body: {fields: {'idempotency-key': 'must be a UUID'}}});
  });
});
