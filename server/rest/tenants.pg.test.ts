import {afterAll, beforeAll, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Me {
  readonly id: string;
  readonly member: {readonly tenantId: string; readonly role: string; readonly employeeId?: string} | null;
}
interface TenantsPage {
  readonly items: readonly {readonly id: string; readonly name: string; readonly role: string}[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}
const me = async (person: Person) => (await person.get<Me>('/v1/me')).body;

test('whoever makes a tenant is its manager', async () => {
  const person = await world.newPerson();
  const {status, body} = await person.post<{id: string}>('/v1/tenants', {name: ' Example '});
  const {id} = body;
  expect([status, body]).toEqual([201, {id, name: 'Example', role: 'manager'}]);
  const tenants = await person.get<TenantsPage>('/v1/tenants');
  expect(tenants.body).toEqual({
    items: [{id, name: 'Example', role: 'manager'}],
    nextCursor: id,
    hasMore: false,
  });
});

test('a tenant without a usable name is not made', async () => {
  const person = await world.newPerson();
  for (const body of [
    {},
    {name: ''},
    {name: '  '},
    {name: 'A\u0000'},
    {name: 7},
    {name: 'A', plan: 'gold'},
  ]) {
    expect((await person.post<ProblemBody>('/v1/tenants', body)).body.code).toBe('bad_request');
  }
  expect((await person.get<TenantsPage>('/v1/tenants')).body).toMatchObject({items: [], nextCursor: null});
});

test("one's tenants come page by page", async () => {
  const person = await world.newPerson();
  for (const name of ['A', 'B', 'C']) await person.post('/v1/tenants', {name});
  const first = (await person.get<TenantsPage>('/v1/tenants?limit=2')).body;
  const second = (await person.get<TenantsPage>(`/v1/tenants?limit=2&since=${first.nextCursor}`)).body;
  expect([first.hasMore, second.hasMore]).toEqual([true, false]);
  expect([...first.items, ...second.items].map(({name}) => name).sort()).toEqual(['A', 'B', 'C']);
});

test('an invited employee joins with a record of their own', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const {id, member} = await me(employee);
  expect(member).toEqual({
    tenantId: manager.tenantId,
    role: 'employee',
    employeeId: member?.employeeId,
    deviceId: employee.deviceId,
  });
  const {changes} = await manager.pull();
  expect(changes).toMatchObject([
    {
      entity: 'employees',
      entityId: member?.employeeId,
      payload: {displayName: 'New employee', email: employee.email, userId: id, createdBy: id},
    },
  ]);
  const {body} = await manager.get<AuditResponse>('/v1/audit');
  expect(body.items.map(({action}) => action)).toEqual([
    'tenant.created',
    'device.added',
    'member.invited',
    'record.create',
    'device.added',
    'member.joined',
    'record.update',
  ]);
});

test('activating again changes nothing, and keeps what became of the record', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const {employeeId} = (await me(employee)).member!;
  await manager.push([{entity: 'employees', entityId: employeeId, payload: {displayName: 'Ana B.'}}]);
  const before = await manager.pull();
  const answer = await employee.post(`/v1/tenants/${manager.tenantId}/activate`, {
    deviceId: employee.deviceId,
  });
  expect(answer.body).toEqual({tenantId: manager.tenantId, role: 'employee', employeeId});
  expect((await manager.pull()).changes).toEqual(before.changes);
});

test('a code works for whoever holds it, once', async () => {
  const manager = await world.newManager();
  const {tenantId} = manager;
  const invitation = await manager.post<{code: string; expiresAt: string}>(`/v1/tenants/${tenantId}/invite`, {
    email: 'x@example.com',
    role: 'manager',
  });
  expect(invitation.status).toBe(201);
  expect(Date.parse(invitation.body.expiresAt)).toBeGreaterThan(Date.now());
  const accept = (person: Person, inviteCode: string) =>
    person.post<ProblemBody>(`/v1/tenants/${tenantId}/activate`, {inviteCode});
  const [first, second] = [await world.newPerson(), await world.newPerson()];
  expect((await accept(first, 'AAAA-AAAA')).body.code).toBe('no_membership');
  expect(await accept(first, invitation.body.code)).toMatchObject({
    status: 200,
    body: {tenantId, role: 'manager'},
  });
  expect((await accept(second, invitation.body.code)).body).toMatchObject({
    status: 409,
    code: 'invitation_used',
  });
});

test('a verified address needs no code, nor any body', async () => {
  const manager = await world.newManager();
  const person = await world.newPerson();
  const {tenantId} = manager;
  await manager.post(`/v1/tenants/${tenantId}/invite`, {email: person.email.toUpperCase(), role: 'manager'});
  const headers = {authorization: `Bearer ${person.token}`};
  const answer = await world.ask(`/v1/tenants/${tenantId}/activate`, {method: 'POST', headers});
  expect(answer).toMatchObject({status: 200, body: {tenantId, role: 'manager'}});
});

test('a name that fits no field does not keep anybody out', async () => {
  const manager = await world.newManager();
  const person = await world.newPerson('x'.repeat(300));
  const {tenantId} = manager;
  await manager.post(`/v1/tenants/${tenantId}/invite`, {email: person.email, role: 'employee'});
  expect((await person.post(`/v1/tenants/${tenantId}/activate`, {})).status).toBe(200);
  expect((await manager.pull()).changes).toMatchObject([{payload: {displayName: 'New employee'}}]);
});

test('the tenant activated for a device is the one that requests mean', async () => {
  const person = await world.newPerson();
  const ids: string[] = [];
  for (const name of ['A', 'B']) ids.push((await person.post<{id: string}>('/v1/tenants', {name})).body.id);
  expect((await person.get<ProblemBody>('/v1/sync/pull')).body.code).toBe('tenant_required');
  expect((await me(person)).member).toBeNull();
  for (const id of [...ids, ...ids]) {
    await person.post(`/v1/tenants/${id}/activate`, {deviceId: person.deviceId});
    expect((await me(person)).member).toMatchObject({tenantId: id});
  }
});

test('employees do not invite', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const answer = await employee.post<ProblemBody>(`/v1/tenants/${manager.tenantId}/invite`, {
    email: 'x@example.com',
    role: 'manager',
  });
  expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
});

test("a device that is somebody else's is refused", async () => {
  const [one, other] = [await world.newManager(), await world.newManager()];
  await one.pull();
  const answer = await other.get<ProblemBody>('/v1/sync/pull', {'x-device-id': one.deviceId});
  expect([answer.status, answer.body.code]).toEqual([409, 'device_taken']);
});
