// Whose a Yjs client id is.
import {afterAll, expect, test} from 'vitest';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {claimReplica} from './replicas.ts';

const {database, drop} = await createTestDatabase({poolSize: 8});
const {pool} = database;
const tenancy = createTenancy(pool);
afterAll(drop);

test('an id belongs to the first device that used it, in its tenant', async () => {
  const [{manager}, other] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const second = await tenancy.onNewDevice(manager);
  const claim = (member: typeof manager, clientIds: number[]) => claimReplica({pool}, {...member, clientIds});
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
      claimReplica({pool}, {...member, clientIds: index === 1 ? ids.toReversed() : ids}),
    ),
  );
  expect(claims.flatMap(({owned}) => owned).toSorted()).toEqual(ids);
  expect(claims.every(({owned, taken}) => owned.length + taken.length === ids.length)).toBe(true);
});

test("the server's own ids, and what is no client id, are taken", async () => {
  const {manager} = await tenancy.newTenant();
  const clientIds = [DEVICE_CLIENT_ID_MAX, DEVICE_CLIENT_ID_MAX + 1, -1, 1.5, Number.NaN];
  const {owned} = await claimReplica({pool}, {...manager, clientIds});
  expect(owned).toEqual([DEVICE_CLIENT_ID_MAX]);
});
