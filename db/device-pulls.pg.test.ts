import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {createTestDatabase, type TestDatabase} from '#test/support/test-database.ts';
import {readPulls, recordPull} from './device-pulls.ts';
import {withTenant} from './transaction.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A device's pulls as [ms, since], and a way to add to them. */
function newDevice() {
  const [tenantId, deviceId] = [randomUUID() as TenantId, randomUUID() as DeviceId];
  const {pool} = database.database;
  return {
    pull: (at: number, since: number) =>
      withTenant(pool, tenantId, (client) =>
        recordPull(client, tenantId, {deviceId, at: new Date(at), since, keep: 3}),
      ),
    list: async () => {
      const pulls = await withTenant(pool, tenantId, (client) => readPulls(client, tenantId, deviceId));
      return pulls.map(({at, since}) => [at.getTime(), since]);
    },
  };
}

test('a pull is remembered where its beginning moved, forwards or back', async () => {
  const {pull, list} = newDevice();
  for (const [at, since] of [
    [1, 0],
    [2, 5],
    [3, 5],
    [4, 9],
    [5, 0],
  ] as const)
    await pull(at, since);
  expect(await list()).toEqual([
    [5, 0],
    [4, 9],
    [2, 5],
  ]);
});

test('the latest pulls are kept, as many as asked for', async () => {
  const {pull, list} = newDevice();
  for (let number = 1; number <= 6; number++) await pull(number, number);
  expect(await list()).toEqual([
    [6, 6],
    [5, 5],
    [4, 4],
  ]);
});

test('of two pulls at one moment the one that claims less counts', async () => {
  const {pull, list} = newDevice();
  await pull(1, 7);
  await pull(1, 5);
  await pull(1, 9);
  expect(await list()).toEqual([[1, 5]]);
});
