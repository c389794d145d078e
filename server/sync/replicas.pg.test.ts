// Whose a Yjs client id is.
import {afterAll, expect, test} from 'vitest';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {createReplicas} from './replicas.ts';

const {database, drop} = await createTestDatabase({poolSize: 8});
const {pool} = database;
const tenancy = createTenancy(pool);
const replicas = createReplicas({pool});
afterAll(drop);

test('an id belongs to the first device that used it, in its tenant', async () => {
  const [{manager}, other] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const second = await tenancy.onNewDevice(manager);
  const claim = (member: typeof manager, clientIds: number[]) => replicas.claim({...member, clientIds});
  expect(await claim(manager, [7, 5, 7])).toEqual({owned: [7, 5], taken: []});
  expect(await claim(second, [9, 5, 0])).toEqual({owned: [9, 0], taken: [5]});
  expect(await claim(manager, [5, 9])).toEqual({owned: [5], taken: [9]});
  expect(await claim(other.manager, [5])).toEqual({owned: [5], taken: []});
});

// I30 of docs/reliability.md.
test('of devices that claim the same ids at once each id goes to one', async () => {
  const {manager} = await tenancy.newTenant();
  const devices = [manager, await tenancy.onNewDevice(manager), await tenancy.onNewDevice(manager)];
  const ids = [1, 2, 3, 4, 5, 6];
  const claims = await Promise.all(
    devices.map((member, index) =>
      replicas.claim({...member, clientIds: index === 1 ? ids.toReversed() : ids}),
    ),
  );
  expect(claims.flatMap(({owned}) => owned).toSorted()).toEqual(ids);
  expect(claims.every(({owned, taken}) => owned.length + taken.length === ids.length)).toBe(true);
});

test('devices that claim at once each get their own ids, and of one id all are told the same', async () => {
  const [{manager}, other] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const second = await tenancy.onNewDevice(manager);
  expect(
    await Promise.all([
      replicas.claim({...manager, clientIds: [20, 21]}),
      replicas.claim({...second, clientIds: [22, 21]}),
      replicas.claim({...other.manager, clientIds: [21]}),
      replicas.claim({...manager, clientIds: [22]}),
    ]),
  ).toEqual([
    {owned: [20, 21], taken: []},
    {owned: [22], taken: [21]},
    {owned: [21], taken: []},
    {owned: [], taken: [22]},
  ]);
});

test("the server's own ids, and what is no client id, are taken", async () => {
  const {manager} = await tenancy.newTenant();
  const clientIds = [DEVICE_CLIENT_ID_MAX, DEVICE_CLIENT_ID_MAX + 1, -1, 1.5, Number.NaN];
  const {owned} = await replicas.claim({...manager, clientIds});
  expect(owned).toEqual([DEVICE_CLIENT_ID_MAX]);
});
