// Clerk's webhooks: who is believed, and what follows, whatever order they come in and however often.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {AUTH_FAILURES_MAX} from '#server/auth/auth-limits.ts';
import {maintain} from '#server/maintenance.ts';
import {silentLogger} from '#server/logger.ts';
import {clerkUserJson} from '#test/support/clerk-backend.ts';
import {deliveryRequest, newSigningSecret, signatureOf} from '#test/support/clerk-webhook.ts';
import {openClerkWorld} from '#test/support/clerk-world.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const path = '/v1/webhooks/clerk';
const ended = (sessionId = `sess_${randomUUID()}`) => ({
  type: 'session.ended',
  data: {object: 'session', id: sessionId},
});
const deleted = (subject: string) => ({
  type: 'user.deleted',
  data: {object: 'user', id: subject, deleted: true},
});
const query = async <Row extends object>(sql: string, values: unknown[]) =>
  (await world.database.owner.query<Row>(sql, values)).rows;
const sessionOf = ({token}: Person): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {sid: string}).sid;
const takenRows = (id: string) =>
  query(`SELECT FROM webhook_events WHERE provider = 'clerk' AND id = $1`, [id]);
const isRevoked = async (sessionId: string) =>
  (await query(`SELECT FROM revoked_tokens WHERE claim = 'sid' AND value = $1`, [sessionId])).length === 1;

describe('who is believed', () => {
  type Made = ReturnType<typeof deliveryRequest>;
  const change = (made: Made, headers: Record<string, string>, body = made.body): Made => ({
    ...made,
    headers: {...made.headers, ...headers},
    body,
  });
  const without = (made: Made, name: string): Made => ({
    ...made,
    headers: Object.fromEntries(Object.entries(made.headers).filter(([each]) => each !== name)),
  });
  const cases: Record<string, [status: number, code: string, spoil: (made: Made, secret: string) => Made]> = {
    'another secret': [401, 'bad_signature', () => deliveryRequest(ended(), newSigningSecret())],
    'another body': [401, 'bad_signature', (made) => change(made, {}, `${made.body} `)],
    'another id': [401, 'bad_signature', (made) => change(made, {'svix-id': 'msg_other'})],
    'an old time': [
      401,
      'bad_signature',
      (_, secret) => deliveryRequest({...ended(), at: Date.now() - 301_000}, secret),
    ],
    'a time to come': [
      401,
      'bad_signature',
      (_, secret) => deliveryRequest({...ended(), at: Date.now() + 310_000}, secret),
    ],
    'a time that is none': [401, 'bad_signature', (made) => change(made, {'svix-timestamp': 'soon'})],
    'another version of signatures': [
      401,
      'bad_signature',
      (made) => change(made, {'svix-signature': made.headers['svix-signature']!.replace('v1,', 'v2,')}),
    ],
    'no signature': [400, 'bad_request', (made) => without(made, 'svix-signature')],
    'no time': [400, 'bad_request', (made) => without(made, 'svix-timestamp')],
    'no id': [400, 'bad_request', (made) => without(made, 'svix-id')],
    'an endless id': [
      400,
      'bad_request',
      (_, secret) => deliveryRequest({...ended(), id: 'm'.repeat(257)}, secret),
    ],
    'a body past the bound': [413, 'body_too_large', (made) => change(made, {}, 'x'.repeat(1024 * 1024 + 1))],
  };

  test.each(Object.entries(cases))('%s: not believed', async (_, [status, code, spoil]) => {
    const {app, secret} = openClerkWorld(world);
    const sessionId = `sess_${randomUUID()}`;
    const id = `msg_${randomUUID()}`;
    const made = deliveryRequest({...ended(sessionId), id}, secret);
    const answer = await app.fetch(new Request(`http://test${path}`, spoil(made, secret)), '192.0.2.2');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect([answer.status, ((await answer.json()) as ProblemBody).code]).toEqual([status, code]);
    expect(await takenRows(id)).toEqual([]);
    expect(await isRevoked(sessionId)).toBe(false);
  });

  test('one good signature among several is enough, as while a secret is changed', async () => {
    const {app, secret} = openClerkWorld(world);
    const made = deliveryRequest(ended(), secret);
    const other = signatureOf({id: 'x', seconds: 1, body: ''}, newSigningSecret());
    const both = {
      ...made,
      headers: {...made.headers, 'svix-signature': `${other} ${made.headers['svix-signature']}`},
    };
    expect((await app.fetch(new Request(`http://test${path}`, both), '192.0.2.2')).status).toBe(200);
  });

  test('without a configured secret there is no such endpoint', async () => {
    const made = deliveryRequest(ended(), newSigningSecret());
    expect(await world.ask(path, made)).toMatchObject({status: 404, body: {code: 'not_found'}});
  });

  test('an address that keeps forging is held off', async () => {
    const {deliver} = openClerkWorld(world);
    const forged = {...ended(), secret: newSigningSecret()};
    for (let count = 0; count < AUTH_FAILURES_MAX; count++) await deliver(forged, '192.0.2.77');
    expect((await deliver(ended(), '192.0.2.77')).status).toBe(429);
    expect((await deliver(ended(), '192.0.2.78')).status).toBe(200);
  });

  test.each(['user.created', 'email.created', 'organization.deleted', 'constructor'])(
    'nothing follows from %s',
    async (type) => {
      const {deliver} = openClerkWorld(world);
      const id = `msg_${randomUUID()}`;
      expect(await deliver({type, data: {id: 'user_x'}, id})).toMatchObject({
        status: 200,
        body: {outcome: 'ignored'},
      });
      expect(await takenRows(id)).toEqual([]);
    },
  );

  test.each([
    ['user.deleted', {}],
    ['user.deleted', {id: ''}],
    ['session.revoked', {id: 7}],
    ['user.updated', {id: 'user_x', email_addresses: 'none'}],
  ])('a %s that is not as documented is refused, so that it is delivered again', async (type, data) => {
    const {deliver} = openClerkWorld(world);
    const id = `msg_${randomUUID()}`;
    expect(await deliver({type, data, id})).toMatchObject({status: 400, body: {code: 'bad_request'}});
    expect(await takenRows(id)).toEqual([]);
  });

  test('nothing of an event is logged', async () => {
    const {deliver, logged} = openClerkWorld(world);
    await deliver({type: 'user.updated', data: {id: 'user_secret', email_addresses: 'canary@example.com'}});
    await deliver({...ended('sess_canary'), secret: newSigningSecret()});
    expect(logged.join('')).not.toMatch(/canary|user_secret/);
  });
});

describe('a session that ended', () => {
  test.each(['session.ended', 'session.removed', 'session.revoked'])(
    '%s: its tokens are refused',
    async (type) => {
      const clerk = openClerkWorld(world);
      const manager = await world.newManager();
      const other = await world.newManager();
      expect((await manager.get('/v1/me')).status).toBe(200);
      const data = {object: 'session', id: sessionOf(manager), user_id: manager.subject};
      expect(await clerk.deliver({type, data})).toMatchObject({status: 200, body: {outcome: 'taken'}});
      expect(await manager.get('/v1/me')).toMatchObject({status: 401, body: {code: 'session_revoked'}});
      expect((await other.get('/v1/me')).status).toBe(200);
      // The same user, signed in again.
      const token = await world.issuer.issue({subject: manager.subject});
      expect((await clerk.as({...manager, token}, 'GET', '/v1/me')).status).toBe(200);
    },
  );

  test('delivered again it does nothing, also when both come at once', async () => {
    const {deliver} = openClerkWorld(world);
    const event = {...ended(), id: `msg_${randomUUID()}`};
    const outcomes = await Promise.all([1, 2, 3, 4].map(async () => (await deliver(event)).body.outcome));
    expect(outcomes.toSorted()).toEqual(['repeated', 'repeated', 'repeated', 'taken']);
    expect(await takenRows(event.id)).toHaveLength(1);
  });

  test('what it does and that it was taken are committed together', async () => {
    const {deliver} = openClerkWorld(world);
    const sessionId = `sess_${randomUUID()}`;
    const event = {...ended(sessionId), id: `msg_${randomUUID()}`};
    await query(`ALTER TABLE revoked_tokens ADD CONSTRAINT broken CHECK (value <> '${sessionId}')`, []);
    expect((await deliver(event)).status).toBe(500);
    expect(await takenRows(event.id)).toEqual([]);
    await query(`ALTER TABLE revoked_tokens DROP CONSTRAINT broken`, []);
    expect((await deliver(event)).body).toEqual({outcome: 'taken'});
    expect(await isRevoked(sessionId)).toBe(true);
  });
});

describe('a user who changed', () => {
  const stored = async (subject: string) =>
    (
      await query<{email: string; name: string}>(`SELECT email, name FROM users WHERE clerk_user_id = $1`, [
        subject,
      ])
    )[0];
  const updated = (subject: string, email: string, at: number) => ({
    type: 'user.updated',
    data: clerkUserJson(subject, {email, at}),
  });

  test('name and address are as the newest event says, in whatever order they come', async () => {
    const {deliver} = openClerkWorld(world);
    const {subject, get} = await world.newManager();
    await get('/v1/me');
    const [first, second] = [
      updated(subject, 'First@example.com', 1_000),
      updated(subject, 'second@example.com', 2_000),
    ];
    await deliver(second);
    expect(await stored(subject)).toEqual({email: 'second@example.com', name: 'Ana Example'});
    await deliver(first);
    expect(await stored(subject)).toEqual({email: 'second@example.com', name: 'Ana Example'});
    await deliver(updated(subject, 'THIRD@example.com', 3_000));
    expect(await stored(subject)).toEqual({email: 'third@example.com', name: 'Ana Example'});
  });

  test('somebody we do not know stays unknown', async () => {
    const {deliver} = openClerkWorld(world);
    expect((await deliver(updated('user_unknown', 'x@example.com', 1))).body).toEqual({outcome: 'taken'});
    expect(await stored('user_unknown')).toBeUndefined();
  });
});

describe('an account that was deleted', () => {
  interface Listed {
    readonly items: readonly {
      action?: string;
      userId?: string | null;
      status?: string;
      revokedAt?: string;
      email?: string;
    }[];
  }
  const log = async (manager: Person) =>
    (await manager.get<Listed>('/v1/audit?limit=200')).body.items.map(({action}) => action);
  const members = async (manager: Person, status: string) =>
    (await manager.get<Listed>(`/v1/tenants/${manager.tenantId}/members?status=${status}`)).body.items.length;

  test('every tenant lets the person go, its log says so once, and others are untouched', async () => {
    const {deliver} = openClerkWorld(world);
    const [here, there, elsewhere] = [
      await world.newManager(),
      await world.newManager(),
      await world.newManager(),
    ];
    const person = await world.newMember(here, 'employee');
    await there.post(`/v1/tenants/${there.tenantId}/invite`, {email: person.email, role: 'manager'});
    await person.post(`/v1/tenants/${there.tenantId}/activate`, {deviceId: person.deviceId});
    await person.onNewDevice().in(there.tenantId).get('/v1/me');
    const before = await log(elsewhere);

    const event = {...deleted(person.subject), id: `msg_${randomUUID()}`};
    expect((await deliver(event)).body).toEqual({outcome: 'taken'});
    for (const manager of [here, there]) {
      expect([await members(manager, 'active'), await members(manager, 'removed')]).toEqual([1, 1]);
      expect((await log(manager)).filter((action) => action === 'member.removed')).toHaveLength(1);
    }
    expect((await log(here)).filter((action) => action === 'device.revoked')).toHaveLength(1);
    expect((await log(there)).filter((action) => action === 'device.revoked')).toHaveLength(2);
    expect(await log(elsewhere)).toEqual(before);
    expect(await person.get('/v1/me')).toMatchObject({status: 401, body: {code: 'session_revoked'}});
    expect((await here.get('/v1/me')).status).toBe(200);

    const logs = [await log(here), await log(there)];
    expect((await deliver(event)).body).toEqual({outcome: 'repeated'});
    expect((await deliver(deleted(person.subject))).body).toEqual({outcome: 'taken'});
    expect([await log(here), await log(there)]).toEqual(logs);
  });

  test('a tenant loses its last manager, keeps its employees, and an open invitation makes a new one', async () => {
    const {deliver, logged} = openClerkWorld(world);
    const manager = await world.newManager();
    const employee = await world.newMember(manager, 'employee');
    const {body} = await manager.post<{code: string}>(`/v1/tenants/${manager.tenantId}/invite`, {
      email: 'next@example.com',
      role: 'manager',
    });
    await deliver(deleted(manager.subject));
    expect(logged.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({message: 'a tenant has lost its last manager', tenantId: manager.tenantId}),
    );
    expect((await employee.get('/v1/me')).status).toBe(200);
    const next = await world.newPerson();
    const joined = await next.post(`/v1/tenants/${manager.tenantId}/activate`, {inviteCode: body.code});
    expect(joined.status).toBe(200);
    expect(await members(next.in(manager.tenantId), 'active')).toBe(2);
  });

  test('interrupted between two tenants it goes on where it stopped', async () => {
    const {deliver} = openClerkWorld(world);
    const managers = [await world.newManager(), await world.newManager()];
    const person = await world.newPerson();
    for (const manager of managers) {
      await manager.post(`/v1/tenants/${manager.tenantId}/invite`, {email: person.email, role: 'manager'});
      await person.post(`/v1/tenants/${manager.tenantId}/activate`, {deviceId: person.deviceId});
    }
    // Tenants are gone through by id: the second one fails.
    const [first, second] = managers.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1)) as [
      Person,
      Person,
    ];
    const constraint = `CHECK (tenant_id <> '${second.tenantId}' OR status = 'active')`;
    await query(`ALTER TABLE memberships ADD CONSTRAINT broken ${constraint}`, []);
    const event = {...deleted(person.subject), id: `msg_${randomUUID()}`};
    expect((await deliver(event)).status).toBe(500);
    expect([await members(first, 'active'), await members(second, 'active')]).toEqual([1, 2]);
    expect(await takenRows(event.id)).toEqual([]);
    expect((await person.get('/v1/me')).status).toBe(401);
    await query(`ALTER TABLE memberships DROP CONSTRAINT broken`, []);
    expect((await deliver(event)).body).toEqual({outcome: 'taken'});
    expect([await members(first, 'active'), await members(second, 'active')]).toEqual([1, 1]);
    expect((await log(first)).filter((action) => action === 'member.removed')).toHaveLength(1);
    expect((await log(second)).filter((action) => action === 'member.removed')).toHaveLength(1);
  });

  test('somebody we do not know is refused all the same, and news that come after do not bring them back', async () => {
    const clerk = openClerkWorld(world);
    const person = await world.newPerson();
    expect((await clerk.deliver(deleted(person.subject))).body).toEqual({outcome: 'taken'});
    await clerk.deliver({type: 'user.updated', data: clerkUserJson(person.subject, {email: person.email})});
    expect(await person.get('/v1/me')).toMatchObject({status: 401, body: {code: 'session_revoked'}});
    expect(await query(`SELECT FROM users WHERE clerk_user_id = $1`, [person.subject])).toEqual([]);
  });
});

test('events and refused claims are forgotten in time', async () => {
  const {deliver} = openClerkWorld(world);
  const [old, young] = [
    {...ended(), id: `msg_${randomUUID()}`},
    {...ended(), id: `msg_${randomUUID()}`},
  ];
  for (const event of [old, young]) await deliver(event);
  await query(`UPDATE webhook_events SET received_at = now() - interval '31 days' WHERE id = $1`, [old.id]);
  await query(`UPDATE revoked_tokens SET revoked_at = now() - interval '25 hours' WHERE value = $1`, [
    old.data.id,
  ]);
  await maintain({service: world.service, log: silentLogger});
  expect([(await takenRows(old.id)).length, (await takenRows(young.id)).length]).toEqual([0, 1]);
  expect([await isRevoked(old.data.id), await isRevoked(young.data.id)]).toEqual([false, true]);
});
