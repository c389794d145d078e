// From an invitation to a member.
import {afterAll, beforeEach, expect, test} from 'vitest';
import {recordId, tenantId as tenantIdSchema} from '#crdt/protocol/ids.ts';
import {createTenancy, newDeviceId} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {activate, type ActivationDeps, type ActivationRequest} from './activation.ts';
import {invite} from './invitations.ts';
import {createMembers, type Member} from './members.ts';

const {database, owner, drop} = await createTestDatabase({poolSize: 8});
const {pool} = database;
const tenancy = createTenancy(pool);
const members = createMembers({pool, now: Date.now});
afterAll(drop);

/** Stands for the lane: what it was asked to write. */
let written: unknown[] = [];
let announced = 0;
beforeEach(() => {
  written = [];
  announced = 0;
});
const deps: ActivationDeps = {
  pool,
  createEmployeeRecord: (change) => Promise.resolve(void written.push({create: change})),
  setEmployeeUser: (change) => Promise.resolve(void written.push({set: change})),
  onAccessChanged: () => {
    announced += 1;
  },
};
const accept = (request: ActivationRequest) => activate(deps, request);
const code = (expected: string): unknown => expect.objectContaining({code: expected});
const employeeRow = async ({tenantId, userId}: Member) => {
  const id = recordId.parse(newDeviceId());
  await owner.query(
    `INSERT INTO employees (tenant_id, id, created_at, created_by, updated_at, updated_by, seq)
     VALUES ($1, $2, now(), $3, now(), $3, 1)`,
    [tenantId, id, userId],
  );
  return id;
};
const readLog = async (tenantId: string) =>
  (
    await owner.query<{action: string; summary: string}>(
      'SELECT action, summary FROM audit_logs WHERE tenant_id = $1 ORDER BY seq',
      [tenantId],
    )
  ).rows;
const accessVersion = async (tenantId: string) =>
  (
    await owner.query<{version: number}>(
      'SELECT access_version AS version FROM tenant_counters WHERE tenant_id = $1',
      [tenantId],
    )
  ).rows[0]!.version;

test('whoever has the code becomes an employee with a record of their own', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const before = await accessVersion(tenantId);
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'employee'});
  const [user, deviceId] = [await tenancy.newUser('Rui'), newDeviceId()];
  const {role, employeeId} = await accept({user, tenantId, deviceId, inviteCode});
  expect(role).toBe('employee');
  const change = {tenantId, userId: user.id, deviceId, employeeId};
  expect(written).toEqual([{create: {...change, displayName: 'Rui', email: user.email}}, {set: change}]);
  const member = await members.resolveMember({userId: user.id, tenantId, deviceId});
  expect(member).toMatchObject({role: 'employee', employeeId, accessVersion: before + 1});
  expect(announced).toBe(1);
  expect((await readLog(tenantId)).map(({action}) => action)).toEqual([
    'tenant.created',
    'device.added',
    'member.invited',
    'device.added',
    'member.joined',
  ]);
});

test('the code is stored nowhere, and the address is not in the log', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'secret@example.com', role: 'manager'});
  const {rows} = await owner.query('SELECT * FROM invitations WHERE tenant_id = $1', [tenantId]);
  expect(JSON.stringify(rows)).not.toContain(inviteCode);
  expect(JSON.stringify(rows)).not.toContain(inviteCode.replaceAll('-', ''));
  expect(JSON.stringify(await readLog(tenantId))).not.toContain('secret');
});

test('a verified address needs no code, an unverified one does', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const user = await tenancy.newUser();
  await invite({pool}, manager, {email: user.email!, role: 'manager'});
  const unverified = {...user, emailVerified: false};
  await expect(accept({user: unverified, tenantId})).rejects.toEqual(code('no_membership'));
  expect(await accept({user, tenantId})).toEqual({tenantId, role: 'manager'});
  expect(written).toEqual([]);
});

test('accepting twice changes nothing, also when both come at once', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'employee'});
  const request = {user: await tenancy.newUser(), tenantId, inviteCode};
  const answers = await Promise.all([accept(request), accept(request), accept(request)]);
  const log = await readLog(tenantId);
  expect(await accept(request)).toEqual(answers[0]);
  expect(new Set(answers.map(({employeeId}) => employeeId)).size).toBe(1);
  expect(log.filter(({action}) => action === 'member.joined')).toHaveLength(1);
  expect(await readLog(tenantId)).toEqual(log);
  expect(announced).toBe(1);
});

test('an interrupted activation is finished by the next one, with the same record', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'employee'});
  const request = {user: await tenancy.newUser(), tenantId, inviteCode};
  const created: string[] = [];
  const failing: ActivationDeps = {
    ...deps,
    createEmployeeRecord: ({employeeId}) => {
      created.push(employeeId);
      return created.length === 1 ? Promise.reject(new Error('away')) : Promise.resolve();
    },
    setEmployeeUser: () => Promise.reject(new Error('away')),
  };
  await expect(activate(failing, request)).rejects.toThrow('away');
  await expect(members.resolveMember({userId: request.user.id, tenantId})).rejects.toEqual(
    code('no_membership'),
  );
  await expect(activate(failing, request)).rejects.toThrow('away');
  expect(created[1]).toBe(created[0]);
  expect((await accept(request)).employeeId).toBe(created[0]);
  expect(written).toHaveLength(1);
});

test('another user cannot accept what was accepted, also at the same moment', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'employee'});
  const users = [await tenancy.newUser(), await tenancy.newUser()];
  const answers = await Promise.allSettled(users.map((user) => accept({user, tenantId, inviteCode})));
  expect(answers.filter(({status}) => status === 'fulfilled')).toHaveLength(1);
  expect(answers.find(({status}) => status === 'rejected')).toMatchObject({
    reason: code('invitation_used'),
  });
});

test('an expired and a withdrawn invitation say so to whoever holds them', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const user = await tenancy.newUser();
  const old = await invite({pool}, manager, {email: user.email!, role: 'manager'});
  const latest = await invite({pool}, manager, {email: user.email!, role: 'manager'});
  await expect(accept({user, tenantId, inviteCode: old.code})).rejects.toEqual(code('invitation_revoked'));
  const week = 7 * 24 * 3_600_000;
  expect(Math.abs(latest.expiresAt.getTime() - Date.now() - week)).toBeLessThan(60_000);
  await owner.query('UPDATE invitations SET expires_at = now() WHERE id = $1', [latest.id]);
  await expect(accept({user, tenantId})).rejects.toEqual(code('invitation_expired'));
});

test('a wrong code, a code of another tenant and an unknown tenant give one answer', async () => {
  const [{tenantId, manager}, other] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'manager'});
  const user = await tenancy.newUser();
  const unknown = tenantIdSchema.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');
  const answers = await Promise.allSettled([
    accept({user, tenantId, inviteCode: 'AAAA'}),
    accept({user, tenantId: other.tenantId, inviteCode}),
    accept({user, tenantId: unknown, inviteCode}),
    accept({user, tenantId}),
  ]);
  const reasons = answers.map((answer) => answer.status === 'rejected' && String(answer.reason));
  expect(new Set(reasons).size).toBe(1);
  expect(answers[0]).toMatchObject({reason: code('no_membership')});
});

test('a named employee is tied to one member, and must exist', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const employeeId = await employeeRow(manager);
  const foreign = await employeeRow((await tenancy.newTenant()).manager);
  const ask = (email: string, id = employeeId) =>
    invite({pool}, manager, {email, role: 'employee', employeeId: id});
  await expect(ask('a@example.com', foreign)).rejects.toEqual(code('bad_request'));
  const [first, second] = [await ask('a@example.com'), await ask('b@example.com')];
  const user = await tenancy.newUser();
  expect(await accept({user, tenantId, inviteCode: first.code})).toMatchObject({employeeId});
  expect(written).toHaveLength(1);
  await expect(accept({user: await tenancy.newUser(), tenantId, inviteCode: second.code})).rejects.toEqual(
    code('employee_taken'),
  );
  await expect(ask('c@example.com')).rejects.toEqual(code('bad_request'));
});

test('only a manager invites, and one who was demoted a moment ago does not', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const employee = await tenancy.newMember(manager, 'employee');
  const body = {email: 'x@example.com', role: 'manager'} as const;
  await expect(invite({pool}, employee, body)).rejects.toEqual(code('forbidden'));
  await owner.query(`UPDATE memberships SET role = 'employee' WHERE tenant_id = $1 AND user_id = $2`, [
    tenantId,
    manager.userId,
  ]);
  await expect(invite({pool}, manager, body)).rejects.toEqual(code('forbidden'));
});

test('a removed member comes back by a new invitation only, with a higher role version', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'employee'});
  const user = await tenancy.newUser();
  const {employeeId} = await accept({user, tenantId, inviteCode});
  await owner.query(`UPDATE memberships SET status = 'removed' WHERE tenant_id = $1 AND user_id = $2`, [
    tenantId,
    user.id,
  ]);
  await expect(accept({user, tenantId, inviteCode})).rejects.toEqual(code('no_membership'));
  await invite({pool}, manager, {email: user.email!, role: 'employee'});
  expect(await accept({user, tenantId})).toEqual({tenantId, role: 'employee', employeeId});
  expect(await members.resolveMember({userId: user.id, tenantId})).toMatchObject({roleVersion: 2});
});

test('a member activates another tenant for a device', async () => {
  const [a, b] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const user = await tenancy.newUser();
  const deviceId = newDeviceId();
  for (const {manager, tenantId} of [a, b]) {
    await invite({pool}, manager, {email: user.email!, role: 'manager'});
    await accept({user, tenantId, deviceId});
  }
  const resolve = () => createMembers({pool, now: Date.now}).resolveMember({userId: user.id, deviceId});
  expect(await resolve()).toMatchObject({tenantId: b.tenantId});
  await accept({user, tenantId: a.tenantId, deviceId});
  expect(await resolve()).toMatchObject({tenantId: a.tenantId});
});

test("another user's device activates nothing, and the invitation stays open", async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const {code: inviteCode} = await invite({pool}, manager, {email: 'x@example.com', role: 'manager'});
  const user = await tenancy.newUser();
  const {deviceId} = manager;
  await expect(accept({user, tenantId, deviceId, inviteCode})).rejects.toEqual(code('device_taken'));
  expect(await accept({user, tenantId, inviteCode})).toMatchObject({role: 'manager'});
});
