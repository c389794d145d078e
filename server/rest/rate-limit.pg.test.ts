import {afterAll, beforeAll, expect, test} from 'vitest';
import {DEVICE_REQUESTS_BURST} from '#crdt/protocol/limits.ts';
import {silentLogger} from '#server/logger.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';
import {createRestApp} from './app.ts';
import {createRateLimits, type RateName} from './rate-limit.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const plenty = {perSecond: 1, burst: 1_000};

/** The app with small buckets over the same service, and a clock that stands still. */
function createLimited(small: Partial<Record<RateName, number>>) {
  const clock = {ms: 1_000_000};
  const rate = (name: RateName) => ({...plenty, burst: small[name] ?? plenty.burst});
  const rates = {user: rate('user'), device: rate('device'), tenant: rate('tenant')};
  const app = createRestApp({
    service: world.service,
    verifier: world.verifier,
    log: silentLogger,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve(''),
    rates: createRateLimits({now: () => clock.ms, rates}),
  });
  const get = (person: Person, path = '/v1/devices') =>
    app.fetch(
      new Request(`http://test${path}`, {
        headers: {
          authorization: `Bearer ${person.token}`,
          'x-device-id': person.deviceId,
          ...(person.tenantId === null ? {} : {'x-tenant-id': person.tenantId}),
        },
      }),
      '192.0.2.9',
    );
  return {clock, get};
}

test.each(['user', 'device', 'tenant'] as const)(
  'past its rate a %s is told when to come back',
  async (name) => {
    const {clock, get} = createLimited({[name]: 2});
    const manager = await world.newManager();
    expect([(await get(manager)).status, (await get(manager)).status]).toEqual([200, 200]);
    const refused = await get(manager);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      limit: name,
    } satisfies Partial<ProblemBody> & {limit: string});
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    clock.ms += 1_000;
    expect((await get(manager)).status).toBe(200);
  },
);

test('every authenticated answer says what is left of the bucket nearest to its end', async () => {
  const {get} = createLimited({device: 10});
  const manager = await world.newManager();
  const first = await get(manager);
  expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith('ratelimit')))).toEqual({
    'ratelimit-policy': '"device";q=10;w=10',
    ratelimit: '"device";r=9;t=1',
    'ratelimit-limit': '10',
    'ratelimit-remaining': '9',
    'ratelimit-reset': '1',
  });
  // Refusals and answers outside of tenants too.
  for (const path of ['/v1/devices?limit=0', '/v1/me', '/v1/tenants'])
    expect((await get(manager, path)).headers.has('ratelimit')).toBe(true);
  expect((await get(manager, '/healthz')).headers.has('ratelimit')).toBe(false);
});

test('one tenant takes nothing from another, and one device nothing from another', async () => {
  const {get} = createLimited({tenant: 3, device: 2});
  const [busy, calm] = [await world.newManager(), await world.newManager()];
  const other = busy.onNewDevice();
  for (let count = 0; count < 50; count++) await get(busy);
  expect((await get(busy)).status).toBe(429);
  // What the busy device was refused did not count against its tenant.
  expect((await get(other)).status).toBe(200);
  expect((await get(other)).status).toBe(429);
  expect((await get(calm)).status).toBe(200);
});

test('a user who is no member of anything is limited too', async () => {
  const {get} = createLimited({user: 1});
  const person = await world.newPerson();
  expect((await get(person)).status).toBe(404);
  expect((await get(person)).status).toBe(429);
});

test('the rates of the server leave a device in use far below them', async () => {
  const manager = await world.newManager();
  const {headers} = await manager.get('/v1/devices');
  expect(headers.get('ratelimit-limit')).toBe(String(DEVICE_REQUESTS_BURST));
});
