// Invitations where Clerk mails them: the code works whatever Clerk does.
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ListedInvitation} from '#crdt/protocol/invitations.ts';
import {clerkUserJson, startClerkBackend} from '#test/support/clerk-backend.ts';
import {openClerkWorld} from '#test/support/clerk-world.ts';
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
  readonly delivery: string;
  readonly deliveryFailure?: string;
}

const address = 'new.colleague@example.com';

async function setUp() {
  const backend = await startClerkBackend();
  const clerk = openClerkWorld(world, {backend, redirectUrl: 'https://app.example.com/join?from=mail'});
  const manager = await world.newManager();
  const path = `/v1/tenants/${manager.tenantId}`;
  return {
    backend,
    clerk,
    manager,
    path,
    invite: (email = address) =>
      clerk.as<Invited>(manager, 'POST', `${path}/invite`, {email, role: 'manager'}),
    resend: (id: string) => clerk.as<Invited>(manager, 'POST', `${path}/invitations/${id}/resend`),
    revoke: (id: string) => clerk.as<ListedInvitation>(manager, 'DELETE', `${path}/invitations/${id}`),
    list: async () =>
      (await clerk.as<{items: ListedInvitation[]}>(manager, 'GET', `${path}/invitations`)).body.items,
    accept: (person: Person, inviteCode: string) =>
      clerk.as<ProblemBody>(person, 'POST', `${path}/activate`, {inviteCode}),
  };
}

test('Clerk mails the invitation with the way back to its tenant, never with the code', async () => {
  const {backend, manager, invite, list} = await setUp();
  const {status, body} = await invite();
  expect([status, body.delivery, body.deliveryFailure]).toEqual([201, 'clerk', undefined]);
  const {id, code} = body;
  const {tenantId} = manager;
  expect(backend.invitations.map((each) => each.body)).toEqual([
    {
      email_address: address,
      public_metadata: {tenantId, invitationId: id},
      redirect_url: `https://app.example.com/join?from=mail&tenant=${tenantId}&invitation=${id}`,
      notify: true,
      ignore_existing: true,
      expires_in_days: 7,
    },
  ]);
  expect(JSON.stringify(backend.invitations)).not.toContain(code);
  expect(await list()).toMatchObject([{id, status: 'pending', delivery: 'clerk'}]);
});

test('without Clerk the code is what there is', async () => {
  const manager = await world.newManager();
  const {body} = await manager.post<Invited>(`/v1/tenants/${manager.tenantId}/invite`, {
    email: address,
    role: 'manager',
  });
  expect(body).toMatchObject({delivery: 'code'});
  expect(body).not.toHaveProperty('deliveryFailure');
});

test.each([
  ['limited', 'limited'],
  ['down', 'unavailable'],
  ['junk', 'unavailable'],
  ['duplicate', 'refused'],
] as const)('with a Clerk that is %s the invitation stands, and says so', async (mood, failure) => {
  const {backend, clerk, invite, list, accept} = await setUp();
  backend.mood = mood;
  const {status, body} = await invite();
  expect([status, body.delivery, body.deliveryFailure]).toEqual([201, 'code', failure]);
  expect(await list()).toMatchObject([{delivery: 'code'}]);
  expect((await accept(await world.newPerson(), body.code)).status).toBe(200);
  expect(clerk.logged.join('')).toContain('Clerk did not mail an invitation');
  expect(clerk.logged.join('')).not.toMatch(/@example|duplicate invitation/);
});

test('a secret key that Clerk refuses is our own fault, and logged as such', async () => {
  const backend = await startClerkBackend();
  const clerk = openClerkWorld(world, {backend: {...backend, secretKey: 'sk_test_wrong'}});
  const manager = await world.newManager();
  const {status, body} = await clerk.as<Invited>(manager, 'POST', `/v1/tenants/${manager.tenantId}/invite`, {
    email: address,
    role: 'manager',
  });
  expect([status, body.deliveryFailure]).toEqual([201, 'unavailable']);
  expect(clerk.logged.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({level: 'error', failure: 'denied', status: 401}),
  );
});

test('sent again, the earlier mail leads nowhere and the new one stands for the invitation', async () => {
  const {backend, invite, resend, revoke} = await setUp();
  const {body} = await invite();
  backend.mood = 'down';
  expect((await resend(body.id)).body).toMatchObject({delivery: 'code', deliveryFailure: 'unavailable'});
  backend.mood = 'well';
  expect((await resend(body.id)).body).toMatchObject({id: body.id, delivery: 'clerk'});
  expect(backend.invitations.map(({status}) => status)).toEqual(['revoked', 'pending']);
  await revoke(body.id);
  expect(backend.invitations.map(({status}) => status)).toEqual(['revoked', 'revoked']);
});

test('an invitation to the same address withdraws the earlier mail', async () => {
  const {backend, invite} = await setUp();
  await invite();
  await invite();
  expect(backend.invitations.map(({status}) => status)).toEqual(['revoked', 'pending']);
});

test('a mail that could not be withdrawn is withdrawn by revoking again', async () => {
  const {backend, invite, revoke} = await setUp();
  const {id} = (await invite()).body;
  backend.mood = 'down';
  expect((await revoke(id)).body).toMatchObject({status: 'revoked', delivery: 'clerk'});
  backend.mood = 'well';
  expect((await revoke(id)).body).toMatchObject({status: 'revoked', delivery: 'code'});
  expect(backend.invitations).toMatchObject([{status: 'revoked'}]);
});

test('a mail accepted at Clerk is no obstacle to revoking', async () => {
  const {backend, invite, revoke} = await setUp();
  const {id} = (await invite()).body;
  for (const each of backend.invitations) each.status = 'accepted';
  expect((await revoke(id)).body).toMatchObject({status: 'revoked', delivery: 'code'});
});

test('an invitation revoked while it was being mailed leaves no mail behind', async () => {
  const {backend, clerk, invite, list, revoke} = await setUp();
  backend.mood = 'silent';
  const inviting = invite();
  await expect.poll(() => backend.requests.length).toBe(1);
  // Committed, and nothing is locked, while Clerk is silent.
  const [listed] = await list();
  expect((await revoke(listed?.id ?? '')).body).toMatchObject({status: 'revoked'});
  backend.speak();
  expect((await inviting).status).toBe(201);
  expect(backend.invitations).toMatchObject([{status: 'revoked'}]);
  expect(clerk.logged).toEqual(expect.not.arrayContaining([expect.stringContaining('"level":"error"')]));
});

test('an invitation is accepted once, by whoever is first', async () => {
  const {invite, accept} = await setUp();
  const {code} = (await invite()).body;
  const people = [await world.newPerson(), await world.newPerson(), await world.newPerson()];
  const answers = await Promise.all(people.map((person) => accept(person, code)));
  expect(answers.map(({status}) => status).toSorted()).toEqual([200, 409, 409]);
  const winner = people[answers.findIndex(({status}) => status === 200)]!;
  expect((await accept(winner, code)).status).toBe(200);
  const refused = answers.filter(({status}) => status !== 200);
  expect(refused.map(({body}) => body.code)).toEqual(['invitation_used', 'invitation_used']);
});

test('a token that names no address is looked up, and a verified one needs no code', async () => {
  const {backend, clerk, invite, path} = await setUp();
  const subject = `user_${'x'.repeat(8)}${Date.now()}`;
  const token = await world.issuer.issue({subject});
  const person = {...(await world.newPerson()), subject, token};
  await invite(`${subject}@Example.com`);
  const activate = () => clerk.as<ProblemBody>(person, 'POST', `${path}/activate`, {});
  backend.users.set(subject, clerkUserJson(subject, {email: `${subject}@example.com`, isVerified: false}));
  expect((await activate()).body.code).toBe('no_membership');
  backend.users.set(
    subject,
    clerkUserJson(subject, {email: `${subject}@example.com`, at: Date.now() + 1_000}),
  );
  await clerk.deliver({type: 'user.updated', data: backend.users.get(subject) ?? {}});
  expect((await activate()).status).toBe(200);
});
