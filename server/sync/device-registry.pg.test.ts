// A device that turns up while others write the same rows.
import {afterAll, expect, onTestFinished, test} from 'vitest';
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTenancy, newDeviceId} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {WAIT} from '#test/support/wait.ts';
import {createDeviceRegistry} from './device-registry.ts';
import {verifyDatabase} from './verify.ts';

const {database, owner, drop} = await createTestDatabase();
const tenancy = createTenancy(database.pool);
afterAll(drop);

async function begin(): Promise<pg.PoolClient> {
  const client = await owner.connect();
  // Ends what it began, whatever became of it.
  onTestFinished(() => client.release(true));
  await client.query('BEGIN');
  return client;
}

test('devices of several tenants that come at once are each registered in theirs, logged once, and answered for themselves', async () => {
  const logged: string[] = [];
  const registry = createDeviceRegistry({
    pool: database.pool,
    onLogged: (tenantId, {firstSeq, lastSeq}) => void logged.push(`${tenantId} ${lastSeq - firstSeq + 1}`),
  });
  const [one, two] = [await tenancy.newTenant(), await tenancy.newTenant()];
  const ofOne = {userId: one.manager.userId, deviceId: newDeviceId()};
  const ofTwo = {userId: two.manager.userId, deviceId: newDeviceId()};
  const taken = {userId: two.manager.userId, deviceId: one.manager.deviceId};
  const outcomes = await Promise.allSettled([
    registry.register(one.tenantId, ofOne),
    registry.register(two.tenantId, taken),
    registry.register(one.tenantId, ofOne),
    registry.register(one.tenantId, {...ofOne, deviceId: newDeviceId()}),
    registry.register(two.tenantId, ofTwo),
  ]);
  expect(outcomes.map(({status}) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(outcomes[1]).toMatchObject({reason: {code: 'device_taken'}});
  expect(logged.toSorted()).toEqual([`${one.tenantId} 2`, `${two.tenantId} 1`].toSorted());
  const {rows} = await owner.query<{tenantId: TenantId; deviceId: string}>(
    `SELECT tenant_id AS "tenantId", record_id AS "deviceId" FROM audit_logs WHERE record_id = ANY ($1)`,
    [[ofOne.deviceId, ofTwo.deviceId]],
  );
  expect(new Map(rows.map(({tenantId, deviceId}) => [deviceId, tenantId]))).toEqual(
    new Map([
      [ofOne.deviceId, one.tenantId],
      [ofTwo.deviceId, two.tenantId],
    ]),
  );
  expect((await verifyDatabase({pool: database.pool, keyring: tenancy.keyring})).faults).toEqual([]);
});

test('a device whose registration a deadlock ends is registered all the same, and logged once', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const device = {userId: manager.userId, deviceId: newDeviceId()};
  const registry = createDeviceRegistry({pool: database.pool, onLogged: () => undefined});
  const [other, gate] = [await begin(), await begin()];
  const waiting = (count: number): Promise<void> =>
    expect
      .poll(async () => {
        const {rowCount} = await gate.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rowCount;
      }, WAIT)
      .toBe(count);
  // Postgres ends whoever looks for a deadlock first: not this one.
  await other.query(`SET LOCAL deadlock_timeout = '1h'`);
  await other.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
  // The registration claims the device, and waits before it comes to the counter.
  await gate.query('LOCK TABLE devices IN EXCLUSIVE MODE');
  const registering = registry.register(tenantId, device);
  await waiting(1);
  const claiming = other.query('INSERT INTO user_devices (id, user_id) VALUES ($1, $2)', [
    device.deviceId,
    device.userId,
  ]);
  await waiting(2);
  await gate.query('ROLLBACK');
  // It comes only where the registration gave way.
  await claiming;
  await other.query('ROLLBACK');
  await registering;
  const {rows} = await gate.query(
    `SELECT record_id AS "deviceId", user_id AS "userId" FROM audit_logs
     WHERE tenant_id = $1 AND action = 'device.added' AND record_id = $2`,
    [tenantId, device.deviceId],
  );
  expect(rows).toEqual([device]);
});
