import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ListedInvitation} from '#crdt/protocol/invitations.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Invited {
  readonly id: string;
  readonly code: string;
  readonly expiresAt: string;
}
interface InvitationsPage {
  readonly items: readonly ListedInvitation[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

const pathOf = ({tenantId}: Person, tail = '') => `/v1/tenants/${tenantId}/invitations${tail}`;
const invite = async (manager: Person, email = 'x@example.com') =>
  (await manager.post<Invited>(`/v1/tenants/${manager.tenantId}/invite`, {email, role: 'manager'})).body;
const list = async (manager: Person, query = '') =>
  (await manager.get<InvitationsPage>(pathOf(manager, `?${query}`))).body;
const resend = (manager: Person, id: string) =>
  manager.send<Invited & ProblemBody>('POST', pathOf(manager, `/${id}/resend`));
const revoke = (manager: Person, id: string) =>
  manager.send<ListedInvitation & Pick<ProblemBody, 'code'>>('DELETE', pathOf(manager, `/${id}`));
const accept = (person: Person, {tenantId}: Person, inviteCode: string) =>
  person.post<ProblemBody>(`/v1/tenants/${tenantId}/activate`, {inviteCode});

test('managers see what became of each invitation, and never a code', async () => {
  const manager = await world.newManager();
  const [pending, accepted, revoked, expired] = [
    await invite(manager, 'a@example.com'),
    await invite(manager, 'b@example.com'),
    await invite(manager, 'c@example.com'),
    await invite(manager, 'd@example.com'),
  ];
  await accept(await world.newPerson(), manager, accepted.code);
  await revoke(manager, revoked.id);
  await world.database.owner.query(`UPDATE invitations SET expires_at = now() WHERE id = $1`, [expired.id]);
  const all = await list(manager);
  expect(all.items.map(({id, email, status}) => ({id, email, status}))).toEqual([
    {id: pending.id, email: 'a@example.com', status: 'pending'},
    {id: accepted.id, email: 'b@example.com', status: 'accepted'},
    {id: revoked.id, email: 'c@example.com', status: 'revoked'},
    {id: expired.id, email: 'd@example.com', status: 'expired'},
  ]);
  expect(JSON.stringify(all)).not.toContain(pending.code);
  for (const {id, status} of all.items)
    expect((await list(manager, `status=${status}`)).items).toMatchObject([{id}]);
  const first = await list(manager, 'limit=3');
  const second = await list(manager, `limit=3&since=${first.nextCursor}`);
  expect([...first.items, ...second.items]).toEqual(all.items);
});

test('employees see and change no invitations', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const {id} = await invite(manager);
  const answers = [
    await employee.get<ProblemBody>(pathOf(employee)),
    await resend(employee, id),
    await revoke(employee, id),
  ];
  expect(answers.map(({body}) => body.code)).toEqual(answers.map(() => 'forbidden'));
});

test('an invitation that is sent again has a new code and a new term, and the old code is dead', async () => {
  const manager = await world.newManager();
  const person = await world.newPerson();
  const first = await invite(manager);
  await world.database.owner.query(`UPDATE invitations SET expires_at = now() WHERE id = $1`, [first.id]);
  expect((await accept(person, manager, first.code)).body.code).toBe('invitation_expired');
  const {status, body: second} = await resend(manager, first.id);
  expect([status, second.id]).toEqual([200, first.id]);
  expect(Date.parse(second.expiresAt)).toBeGreaterThan(Date.now());
  expect((await accept(person, manager, first.code)).body.code).toBe('no_membership');
  expect((await accept(person, manager, second.code)).status).toBe(200);
  expect((await resend(manager, first.id)).body.code).toBe('invitation_used');
  expect((await revoke(manager, first.id)).body.code).toBe('invitation_used');
});

test('an invitation that was withdrawn stays so', async () => {
  const manager = await world.newManager();
  const {id, code} = await invite(manager);
  expect((await revoke(manager, id)).body).toMatchObject({id, status: 'revoked'});
  expect((await revoke(manager, id)).body).toMatchObject({id, status: 'revoked'});
  const refused = await accept(await world.newPerson(), manager, code);
  expect([refused.status, refused.body.code]).toEqual([409, 'invitation_revoked']);
  expect((await resend(manager, id)).body.code).toBe('invitation_revoked');
});
