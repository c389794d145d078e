// Which member a request speaks for.
import {afterAll, expect, test} from 'vitest';
import {tenantId as tenantIdSchema} from '#crdt/protocol/ids.ts';
import {withTenant} from '#db/transaction.ts';
import {activateTenant} from '#db/devices.ts';
import {createTenancy, newDeviceId} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {implicitDeviceId} from './devices.ts';
import {createMembers} from './members.ts';
import {createTenant, listTenants} from './tenants.ts';

const {database, owner, drop} = await createTestDatabase();
const {pool} = database;
const tenancy = createTenancy(pool);
const {keyring} = tenancy;
const clock = {ms: 1_000_000};
const members = createMembers({pool, now: () => clock.ms});
afterAll(drop);

const nowhere = tenantIdSchema.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');
const code = (expected: string): unknown => expect.objectContaining({code: expected});
const makeTenant = (user: {id: Parameters<typeof createTenant>[1]['userId']}, name = 'T') =>
  createTenant({pool, keyring}, {userId: user.id, name});

test('the maker of a tenant is its manager, and the only tenant needs no naming', async () => {
  const user = await tenancy.newUser();
  const {id} = await makeTenant(user);
  const deviceId = newDeviceId();
  expect(await members.resolveMember({userId: user.id, deviceId})).toMatchObject({
    tenantId: id,
    userId: user.id,
    role: 'manager',
    roleVersion: 1,
    employeeId: null,
    deviceId,
    accessVersion: 1,
  });
});

// I19 of docs/reliability.md.
test('a tenant that is not there and one of others give the same answer', async () => {
  const user = await tenancy.newUser();
  await makeTenant(user);
  const {tenantId} = await tenancy.newTenant();
  const answers = await Promise.allSettled(
    [nowhere, tenantId].map((id) => members.resolveMember({userId: user.id, tenantId: id})),
  );
  const [absent, foreign] = answers.map((answer) => answer.status === 'rejected' && String(answer.reason));
  expect(absent).toContain('does not exist for this user');
  expect(foreign).toBe(absent);
});

test('a user of several tenants names one, or has activated one for the device', async () => {
  const user = await tenancy.newUser();
  const [first, second] = [await makeTenant(user), await makeTenant(user)];
  const deviceId = newDeviceId();
  const request = {userId: user.id, deviceId};
  await expect(members.resolveMember(request)).rejects.toEqual(code('tenant_required'));
  expect(await members.resolveMember({...request, tenantId: second.id})).toMatchObject({tenantId: second.id});
  await withTenant(pool, first.id, (client) => activateTenant(client, first.id, deviceId));
  expect(await members.resolveMember(request)).toMatchObject({tenantId: first.id});
  expect(await members.resolveMember({...request, tenantId: second.id})).toMatchObject({tenantId: second.id});
  await expect(members.resolveMember({...request, deviceId: newDeviceId()})).rejects.toEqual(
    code('tenant_required'),
  );
});

test('without a device id a user has one device, the same in every tenant', async () => {
  const user = await tenancy.newUser();
  const [first, second] = [await makeTenant(user), await makeTenant(user)];
  const resolve = (tenantId: typeof first.id) => members.resolveMember({userId: user.id, tenantId});
  const [a, b] = [await resolve(first.id), await resolve(second.id)];
  expect(a.deviceId).toBe(b.deviceId);
  expect(a.deviceId).toBe(implicitDeviceId(user.id));
  expect(a.deviceId).not.toBe(implicitDeviceId((await tenancy.newUser()).id));
});

test('a device id stays with its first user, in every tenant', async () => {
  const {manager} = await tenancy.newTenant();
  const other = await tenancy.newTenant();
  const taken = {...other.manager, deviceId: manager.deviceId};
  await expect(members.resolveMember(taken)).rejects.toEqual(code('device_taken'));
});

test('of two users who use a new device id at once one gets it', async () => {
  const [a, b] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const deviceId = newDeviceId();
  const answers = await Promise.allSettled(
    [a, b].map(({manager}) => members.resolveMember({...manager, deviceId})),
  );
  expect(answers.map(({status}) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(answers.find(({status}) => status === 'rejected')).toMatchObject({reason: {code: 'device_taken'}});
});

test('devices that come at once share transactions, and each is logged once, whoever of them is refused', async () => {
  const user = await tenancy.newUser();
  const {id} = await makeTenant(user);
  const taken = newDeviceId();
  await members.resolveMember({userId: (await tenancy.newTenant()).manager.userId, deviceId: taken});
  const devices = Array.from({length: 30}, newDeviceId);
  const [first = taken] = devices;
  // With and without the tenant's name: two look-ups of one device.
  const requests = [{deviceId: first, tenantId: id}, ...[...devices, taken].map((deviceId) => ({deviceId}))];
  const answers = await Promise.allSettled(
    requests.map((request) => members.resolveMember({userId: user.id, ...request})),
  );
  expect(answers.map(({status}) => status)).toEqual([...Array<string>(31).fill('fulfilled'), 'rejected']);
  expect(answers.at(-1)).toMatchObject({reason: {code: 'device_taken'}});
  const {rows} = await owner.query<{devices: number; ids: number; groups: number}>(
    `SELECT count(*)::int AS devices, count(DISTINCT record_id)::int AS ids, count(DISTINCT group_seq)::int AS groups
     FROM audit_logs WHERE tenant_id = $1 AND action = 'device.added'`,
    [id],
  );
  expect(rows).toEqual([{devices: 30, ids: 30, groups: expect.any(Number) as number}]);
  expect(rows[0]?.groups).toBeLessThan(10);
});

test('a revoked device is refused, in that tenant only', async () => {
  const user = await tenancy.newUser();
  const [first, second] = [await makeTenant(user), await makeTenant(user)];
  const deviceId = newDeviceId();
  const resolve = (tenantId: typeof first.id) => members.resolveMember({userId: user.id, tenantId, deviceId});
  await resolve(first.id);
  await owner.query('UPDATE devices SET revoked_at = now() WHERE tenant_id = $1 AND id = $2', [
    first.id,
    deviceId,
  ]);
  members.forgetTenant(first.id);
  await expect(resolve(first.id)).rejects.toEqual(code('device_revoked'));
  expect(await resolve(second.id)).toMatchObject({deviceId});
});

test('a removed member is refused a second later, and at once when the node hears of it', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  await members.resolveMember(manager);
  const set = (status: string) =>
    owner.query('UPDATE memberships SET status = $2 WHERE tenant_id = $1', [tenantId, status]);
  await set('removed');
  expect(await members.resolveMember(manager)).toMatchObject({tenantId});
  clock.ms += 1_000;
  await expect(members.resolveMember(manager)).rejects.toEqual(code('no_membership'));
  await set('active');
  await members.resolveMember(manager);
  await set('removed');
  members.forgetTenant(tenantId);
  await expect(members.resolveMember(manager)).rejects.toEqual(code('no_membership'));
});

test('a member at rest costs one look-up a second', async () => {
  const {manager} = await tenancy.newTenant();
  await members.resolveMember(manager);
  let transactions = 0;
  const counting = new Proxy(pool, {
    get: (target, member) =>
      member === 'connect'
        ? () => {
            transactions++;
            return target.connect();
          }
        : (Reflect.get(target, member) as unknown),
  });
  const counted = createMembers({pool: counting, now: () => clock.ms});
  await Promise.all(Array.from({length: 50}, () => counted.resolveMember(manager)));
  clock.ms += 1_000;
  await counted.resolveMember(manager);
  expect(transactions).toBe(2);
});

test('tenants are listed page by page, one user never seeing those of another', async () => {
  const user = await tenancy.newUser();
  const made = [await makeTenant(user, 'A'), await makeTenant(user, 'B'), await makeTenant(user, 'C')];
  const first = await listTenants({pool}, {userId: user.id, limit: 2});
  const after = first.items.at(-1)!.id;
  const rest = await listTenants({pool}, {userId: user.id, after, limit: 2});
  expect([first.hasMore, rest.hasMore]).toEqual([true, false]);
  expect([...first.items, ...rest.items].map(({id}) => id)).toEqual(made.map(({id}) => id).toSorted());
  expect(first.items[0]).toMatchObject({role: 'manager', employeeId: null});
});
