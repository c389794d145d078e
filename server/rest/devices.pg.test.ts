import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import type {DeviceJson} from '#crdt/protocol/devices.ts';
import type {Me} from '#crdt/protocol/me.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive} from '#test/support/live-world.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface DevicesPage {
  readonly items: readonly DeviceJson[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}
const meOf = async (person: Person) => (await person.get<Me>('/v1/me')).body;
const list = async (person: Person, query = '') =>
  (await person.get<DevicesPage>(`/v1/devices?${query}`)).body;
const revoke = (by: Person, id: string) =>
  by.send<DeviceJson & Pick<ProblemBody, 'code'>>('DELETE', `/v1/devices/${id}`);

test('everybody sees their own devices, managers all of them, page by page', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const phone = employee.onNewDevice();
  await phone.pull();
  const ids = (page: DevicesPage) => page.items.map(({id}) => id);
  expect(ids(await list(employee))).toEqual([employee.deviceId, phone.deviceId]);
  expect((await list(phone)).items.map(({isCurrent}) => isCurrent)).toEqual([false, true]);
  const first = await list(manager, 'all=true&limit=2');
  const second = await list(manager, `all=true&limit=2&since=${first.nextCursor}`);
  expect([...ids(first), ...ids(second)].sort()).toEqual(
    [manager.deviceId, employee.deviceId, phone.deviceId].sort(),
  );
  expect(ids(await list(manager))).toEqual([manager.deviceId]);
  expect((await employee.get<ProblemBody>('/v1/devices?all=true')).body.code).toBe('forbidden');
});

test('a device that is revoked is refused, in this tenant only, and stays revoked', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const {status, body} = await revoke(manager, employee.deviceId);
  expect([status, body.id, typeof body.revokedAt]).toEqual([200, employee.deviceId, 'string']);
  expect((await revoke(manager, employee.deviceId)).body).toEqual(body);
  const refused = await employee.get<ProblemBody>('/v1/sync/pull');
  expect([refused.status, refused.body.code]).toEqual([403, 'device_revoked']);
  expect((await employee.onNewDevice().get('/v1/sync/pull')).status).toBe(200);
  const {id} = (await employee.in(null).post<{id: string}>('/v1/tenants', {name: 'Own'})).body;
  expect((await employee.in(id).get('/v1/sync/pull')).status).toBe(200);
});

test("employees revoke their own devices; anybody else's is not there for them", async () => {
  const manager = await world.newManager();
  const foreign = await world.newManager();
  await Promise.all([manager.pull(), foreign.pull()]);
  const employee = await world.newMember(manager, 'employee');
  const phone = employee.onNewDevice();
  await phone.pull();
  for (const id of [manager.deviceId, foreign.deviceId, randomUUID(), 'phone']) {
    const {status, body} = await revoke(employee, id);
    expect([status, body.code]).toEqual([404, 'not_found']);
  }
  expect((await revoke(manager, foreign.deviceId)).body.code).toBe('not_found');
  expect((await revoke(employee, phone.deviceId)).status).toBe(200);
  expect((await phone.get<ProblemBody>('/v1/me')).body.code).toBe('device_revoked');
});

test('open sockets of a revoked device end for good, those of others go on', async () => {
  const live = await startLive(world, {start: startWsTransport});
  const manager = await world.newManager();
  const other = manager.onNewDevice();
  const [kept, ended] = [await live.connect(manager), await live.connect(other)];
  await revoke(manager, other.deviceId);
  expect(await ended.ended()).toEqual({code: 4405, reason: 'device_revoked'});
  const [answer] = await kept.answered(kept.write('tasks', randomUUID(), {title: 'On'}));
  expect(answer?.kind).toBe('ack');
  const again = await live.connect(other);
  expect(await again.ended()).toEqual({code: 4405, reason: 'device_revoked'});
});

test('the log says when a device signed in for the first time, and when it was revoked', async () => {
  const manager = await world.newManager();
  const phone = manager.onNewDevice();
  await Promise.all([phone.pull(), phone.pull()]);
  await revoke(manager, phone.deviceId);
  const {items} = (await manager.get<AuditResponse>('/v1/audit')).body;
  const of = (deviceId: string) =>
    items.filter(({entityId}) => entityId === deviceId).map(({action, deviceId: by}) => ({action, by}));
  expect(of(phone.deviceId)).toEqual([
    {action: 'device.added', by: phone.deviceId},
    {action: 'device.revoked', by: manager.deviceId},
  ]);
  expect(of(manager.deviceId)).toEqual([{action: 'device.added', by: manager.deviceId}]);
});

test('a caller learns who they are, where they belong, and what the request speaks for', async () => {
  const manager = await world.newManager('First');
  const employee = await world.newMember(manager, 'employee');
  const me = await meOf(employee);
  const {employeeId} = me.member!;
  expect(me).toMatchObject({
    email: employee.email,
    name: 'New employee',
    tenants: [{id: manager.tenantId, name: 'First', role: 'employee', employeeId}],
    activeTenantId: manager.tenantId,
    member: {tenantId: manager.tenantId, role: 'employee', deviceId: employee.deviceId},
    device: {id: employee.deviceId, userId: me.id, isCurrent: true},
  });
  await manager.send('DELETE', `/v1/tenants/${manager.tenantId}/members/${me.id}`);
  expect(await meOf(employee.in(null))).toMatchObject({
    tenants: [],
    activeTenantId: null,
    member: null,
    device: null,
  });
});
