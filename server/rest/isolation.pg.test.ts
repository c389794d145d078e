// Every endpoint is tried with another tenant's ids: the answer is the one for what does not exist.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ConflictsResponse} from '#crdt/protocol/conflicts.ts';
import {createWorld, type Answer, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
let own: Person & {readonly tenantId: string};
let foreign: Person & {readonly tenantId: string};
/** A record of the foreign tenant, with a conflict. */
let record: {readonly entityId: string; readonly conflictId: string};
let foreignInvitation: {readonly id: string};
beforeAll(async () => {
  world = await createWorld();
  [own, foreign] = [await world.newManager('Own'), await world.newManager('Foreign')];
  const invitation = {email: 'secret@example.com', role: 'employee'};
  foreignInvitation = (await foreign.post<{id: string}>(`/v1/tenants/${foreign.tenantId}/invite`, invitation))
    .body;
  const entityId = randomUUID();
  const change = {entity: 'tasks', entityId};
  await foreign.push([{...change, payload: {title: 'A secret'}}]);
  const other = foreign.onNewDevice();
  await other.push([{...change, payload: {title: 'B secret'}}]);
  const {items} = (await foreign.get<ConflictsResponse>('/v1/conflicts')).body;
  record = {entityId, conflictId: items[0]!.id};
});
afterAll(() => world.close());

/** Without what differs from answer to answer. */
const comparable = ({status, body}: Answer<ProblemBody>) => ({...body, status, requestId: ''});

const inside = {
  'GET pull': (person: Person) => person.get<ProblemBody>('/v1/sync/pull'),
  'POST push': (person: Person) =>
    person.post<ProblemBody>('/v1/sync/push', {deviceId: person.deviceId, changes: []}),
  'GET conflicts': (person: Person) => person.get<ProblemBody>('/v1/conflicts'),
  'POST resolve': (person: Person) =>
    person.post<ProblemBody>(`/v1/conflicts/${record.conflictId}/resolve`, {resolution: 'keep'}),
  'GET audit': (person: Person) => person.get<ProblemBody>('/v1/audit'),
  'GET me': (person: Person) => person.get<ProblemBody>('/v1/me'),
  'POST invite': (person: Person) =>
    person.post<ProblemBody>(`/v1/tenants/${person.tenantId}/invite`, {
      email: 'x@example.com',
      role: 'manager',
    }),
  'GET members': (person: Person) => person.get<ProblemBody>(`/v1/tenants/${person.tenantId}/members`),
  'PATCH member': (person: Person) =>
    person.send<ProblemBody>('PATCH', `/v1/tenants/${person.tenantId}/members/${randomUUID()}`, {
      role: 'manager',
    }),
  'DELETE member': (person: Person) =>
    person.send<ProblemBody>('DELETE', `/v1/tenants/${person.tenantId}/members/${randomUUID()}`),
  'GET invitations': (person: Person) =>
    person.get<ProblemBody>(`/v1/tenants/${person.tenantId}/invitations`),
  'POST resend': (person: Person) =>
    person.send<ProblemBody>(
      'POST',
      `/v1/tenants/${person.tenantId}/invitations/${foreignInvitation.id}/resend`,
    ),
  'DELETE invitation': (person: Person) =>
    person.send<ProblemBody>('DELETE', `/v1/tenants/${person.tenantId}/invitations/${foreignInvitation.id}`),
  'GET devices': (person: Person) => person.get<ProblemBody>('/v1/devices'),
  'DELETE device': (person: Person) => person.send<ProblemBody>('DELETE', `/v1/devices/${foreign.deviceId}`),
  'GET directory': (person: Person) => person.get<ProblemBody>('/v1/directory'),
  'POST activate': (person: Person) =>
    person.post<ProblemBody>(`/v1/tenants/${person.tenantId}/activate`, {inviteCode: 'AAAA'}),
};

test.each(Object.entries(inside))(
  "%s in another's tenant answers as in one that does not exist",
  async (_, ask) => {
    const unknown = comparable(await ask(own.in(randomUUID())));
    expect(unknown).toMatchObject({status: 404, code: 'no_membership'});
    expect(comparable(await ask(own.in(foreign.tenantId)))).toEqual(unknown);
  },
);

test("another tenant's conflict answers as one that does not exist", async () => {
  const ask = (id: string) =>
    own.post<ProblemBody>(`/v1/conflicts/${id}/resolve`, {resolution: 'restore', fields: {title: 'Mine'}});
  const unknown = comparable(await ask(randomUUID()));
  expect(unknown).toMatchObject({status: 404, code: 'not_found'});
  expect(comparable(await ask(record.conflictId))).toEqual(unknown);
  expect(comparable(await ask('one'))).toEqual(unknown);
});

test("another tenant's record id is free to use, and the two never meet", async () => {
  const {entityId} = record;
  const change = {entity: 'tasks', entityId};
  expect(await own.push([{...change, op: 'delete'}])).toMatchObject([{error: {code: 'not_found'}}]);
  expect(await own.push([{...change, payload: {title: 'Mine'}}])).toMatchObject([{status: 'applied'}]);
  expect((await own.pull()).changes).toMatchObject([{entityId, payload: {title: 'Mine'}}]);
  expect((await foreign.pull()).changes).toMatchObject([{entityId, payload: {title: 'B secret'}}]);
});

test("another tenant's cursor as a base says nothing of this tenant", async () => {
  const {nextCursor} = await foreign.pull();
  const entityId = randomUUID();
  await own.push([{entity: 'tasks', entityId, payload: {title: 'A'}}]);
  const [result] = await own
    .onNewDevice()
    .push([{entity: 'tasks', entityId, base: nextCursor, payload: {title: 'B'}}]);
  expect(result?.conflicts).toMatchObject([{fields: ['title']}]);
});

test("another tenant's employee is not invited as one's own", async () => {
  const employee = await world.newMember(foreign, 'employee');
  const me = await employee.get<{member: {employeeId: string}}>('/v1/me');
  const ask = (employeeId: string) =>
    own.post<ProblemBody>(`/v1/tenants/${own.tenantId}/invite`, {
      email: 'x@example.com',
      role: 'employee',
      employeeId,
    });
  const unknown = comparable(await ask(randomUUID()));
  expect(unknown).toMatchObject({status: 400, code: 'bad_request'});
  expect(comparable(await ask(me.body.member.employeeId))).toEqual(unknown);
});

test("another tenant's invitation answers as one that does not exist", async () => {
  const ask = (method: string, id: string, tail = '') =>
    own.send<ProblemBody>(method, `/v1/tenants/${own.tenantId}/invitations/${id}${tail}`);
  for (const [method, tail] of [['DELETE'], ['POST', '/resend']] as const) {
    const unknown = comparable(await ask(method, randomUUID(), tail));
    expect(unknown).toMatchObject({status: 404, code: 'not_found'});
    expect(comparable(await ask(method, foreignInvitation.id, tail))).toEqual(unknown);
  }
});

// I19 of docs/reliability.md.
test('nothing of another tenant is in any list', async () => {
  const lists = [
    '/v1/sync/pull',
    '/v1/conflicts?limit=200',
    '/v1/audit?limit=200',
    '/v1/tenants',
    '/v1/devices?all=true',
    '/v1/directory',
    `/v1/tenants/${own.tenantId}/members`,
    `/v1/tenants/${own.tenantId}/invitations`,
  ];
  for (const path of lists) {
    const {body} = await own.get(path);
    expect(JSON.stringify(body)).not.toMatch(new RegExp(`secret|${foreign.tenantId}|${foreign.deviceId}`));
  }
});
