import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import type {MemberJson} from '#crdt/protocol/members.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive} from '#test/support/live-world.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface MembersPage {
  readonly items: readonly MemberJson[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}
type TenantPerson = Person & {readonly tenantId: string};

const idOf = async (person: Person): Promise<string> => (await person.get<{id: string}>('/v1/me')).body.id;
const pathOf = ({tenantId}: Person, userId = '') =>
  `/v1/tenants/${tenantId}/members${userId === '' ? '' : `/${userId}`}`;
const list = async (manager: Person, query = '') =>
  (await manager.get<MembersPage>(`${pathOf(manager)}?${query}`)).body;
const setRole = (by: Person, userId: string, role: string) =>
  by.send<MemberJson & Pick<ProblemBody, 'code'>>('PATCH', pathOf(by, userId), {role});
const remove = (by: Person, userId: string) =>
  by.send<MemberJson & Pick<ProblemBody, 'code'>>('DELETE', pathOf(by, userId));
const actionsOf = async (manager: Person) =>
  (await manager.get<AuditResponse>('/v1/audit?limit=200')).body.items.map(({action}) => action);

test('managers see who belongs to the tenant, page by page in the order of joining', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const other = await world.newMember(manager, 'manager');
  const first = await list(manager, 'limit=2');
  const second = await list(manager, `limit=2&since=${first.nextCursor}`);
  expect([first.hasMore, second.hasMore]).toEqual([true, false]);
  expect([...first.items, ...second.items]).toMatchObject([
    {userId: await idOf(manager), role: 'manager', status: 'active', email: manager.email},
    {userId: await idOf(employee), role: 'employee', name: 'New employee', email: employee.email},
    {userId: await idOf(other), role: 'manager'},
  ]);
  expect(first.items[1]?.employeeId).toEqual(expect.any(String));
  expect((await list(manager, `since=${second.nextCursor}`)).items).toEqual([]);
  expect((await manager.get<ProblemBody>(`${pathOf(manager)}?since=c1.x`)).body.code).toBe('bad_cursor');
});

test('employees neither list members, nor change them, nor remove others', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const other = await idOf(await world.newMember(manager, 'employee'));
  const answers = [
    await employee.get<ProblemBody>(pathOf(employee)),
    await setRole(employee, other, 'manager'),
    await setRole(employee, await idOf(employee), 'manager'),
    await remove(employee, other),
    // Whether somebody is there is nothing that an employee learns.
    await remove(employee, randomUUID()),
  ];
  expect(answers.map(({status, body}) => [status, body.code])).toEqual(answers.map(() => [403, 'forbidden']));
});

test('whoever is no member of the tenant is not found, wherever else they are', async () => {
  const [manager, foreign] = [await world.newManager(), await world.newManager()];
  const code = (answer: {body: object}) => ({...answer.body, requestId: ''});
  for (const ask of [
    (userId: string) => setRole(manager, userId, 'employee'),
    (userId: string) => remove(manager, userId),
  ]) {
    const unknown = code(await ask(randomUUID()));
    expect(unknown).toMatchObject({status: 404, code: 'not_found'});
    expect(code(await ask(await idOf(foreign)))).toEqual(unknown);
    expect(code(await ask('somebody'))).toEqual(unknown);
  }
});

test('an employee becomes a manager and back, and keeps the record; cursors of before ask for a resync', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const userId = await idOf(employee);
  const {nextCursor} = await employee.pull();
  const promoted = await setRole(manager, userId, 'manager');
  expect(promoted).toMatchObject({status: 200, body: {userId, role: 'manager', status: 'active'}});
  expect((await employee.get(pathOf(employee))).status).toBe(200);
  const stale = await employee.get<ProblemBody>(`/v1/sync/pull?since=${nextCursor}`);
  expect([stale.status, stale.body.code]).toEqual([410, 'resync']);
  const {employeeId} = promoted.body;
  expect((await setRole(manager, userId, 'employee')).body).toMatchObject({role: 'employee', employeeId});
  expect((await employee.get<ProblemBody>(pathOf(employee))).status).toBe(403);
  const actions = await actionsOf(manager);
  expect(actions.filter((action) => action === 'member.role_changed')).toHaveLength(2);
});

test('the role somebody has already changes nothing', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const before = await actionsOf(manager);
  expect((await setRole(manager, await idOf(employee), 'employee')).status).toBe(200);
  expect(await actionsOf(manager)).toEqual(before);
});

test('a manager who becomes an employee gets a record, once', async () => {
  const manager = await world.newManager();
  const person = await world.newMember(manager, 'manager');
  const userId = await idOf(person);
  const {body} = await setRole(manager, userId, 'employee');
  await setRole(manager, userId, 'manager');
  await setRole(manager, userId, 'employee');
  expect((await manager.pull()).changes).toMatchObject([
    {entity: 'employees', entityId: body.employeeId, payload: {displayName: 'New manager', userId}},
  ]);
});

test.each(['demoted', 'removed'])('the last manager is not %s', async (change) => {
  const manager = await world.newManager();
  await world.newMember(manager, 'employee');
  const userId = await idOf(manager);
  const {nextCursor} = await manager.pull();
  const answer = await (change === 'demoted'
    ? setRole(manager, userId, 'employee')
    : remove(manager, userId));
  expect([answer.status, answer.body.code]).toEqual([409, 'last_manager']);
  expect((await manager.pull(`since=${nextCursor}`)).changes).toEqual([]);
});

test.each(['demotion', 'removal', 'leaving'])(
  'of two last managers at once only one goes by %s',
  async (kind) => {
    for (let round = 0; round < 5; round++) {
      const first = await world.newManager();
      const second: TenantPerson = {...(await world.newMember(first, 'manager')), tenantId: first.tenantId};
      const [a, b] = [await idOf(first), await idOf(second)];
      const answers = await Promise.all(
        kind === 'leaving'
          ? [remove(first, a), remove(second, b)]
          : kind === 'removal'
            ? [remove(first, b), remove(second, a)]
            : [setRole(first, a, 'employee'), setRole(second, b, 'employee')],
      );
      const [good, bad] = [...answers].sort((x, y) => x.status - y.status);
      expect(good?.status).toBe(200);
      expect(['last_manager', 'no_membership']).toContain(bad?.body.code);
      const left =
        answers[0] === good ? (kind === 'removal' ? first : second) : kind === 'removal' ? second : first;
      const {items} = await list(left, 'status=active');
      expect(items.filter(({role}) => role === 'manager')).toHaveLength(1);
    }
  },
);

test('a removed member is out, stays listed, and may be invited again', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const userId = await idOf(employee);
  await manager.post(`/v1/tenants/${manager.tenantId}/invite`, {email: employee.email, role: 'manager'});
  expect((await remove(manager, userId)).body).toMatchObject({userId, status: 'removed'});
  expect((await remove(manager, userId)).body).toMatchObject({userId, status: 'removed'});
  expect((await employee.get<ProblemBody>('/v1/sync/pull')).body.code).toBe('no_membership');
  expect((await setRole(manager, userId, 'manager')).body.code).toBe('not_found');
  // What was open of invitations went with the membership.
  const accept = () => employee.post<ProblemBody>(`/v1/tenants/${manager.tenantId}/activate`, {});
  expect((await accept()).body.code).toBe('invitation_revoked');
  expect(await list(manager, 'status=removed')).toMatchObject({items: [{userId}]});
  await manager.post(`/v1/tenants/${manager.tenantId}/invite`, {email: employee.email, role: 'employee'});
  expect((await accept()).status).toBe(200);
  expect(await actionsOf(manager)).toContain('member.removed');
});

test('a member may leave', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  expect((await remove(employee, await idOf(employee))).body).toMatchObject({status: 'removed'});
  expect((await employee.get<ProblemBody>('/v1/sync/pull')).body.code).toBe('no_membership');
  expect((await actionsOf(manager)).at(-1)).toBe('member.left');
});

test('open sockets of a member who is removed or gets another role end for good, and nobody else does', async () => {
  const live = await startLive(world, {start: startWsTransport});
  const manager = await world.newManager();
  const [removed, promoted] = [
    await world.newMember(manager, 'employee'),
    await world.newMember(manager, 'employee'),
  ];
  const devices = [await live.connect(manager), await live.connect(removed), await live.connect(promoted)];
  await remove(manager, await idOf(removed));
  await setRole(manager, await idOf(promoted), 'manager');
  const ends = [await devices[1]!.ended(), await devices[2]!.ended()];
  expect(ends).toEqual(ends.map(() => ({code: 4406, reason: 'membership_changed'})));
  const [answer] = await devices[0]!.answered(devices[0]!.write('tasks', randomUUID(), {title: 'On'}));
  expect(answer?.kind).toBe('ack');
});
