// Whose a Yjs client id is. Asked before a device's first write under it.
import type pg from 'pg';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {claimReplicas, findReplicas} from '#db/replicas.ts';
import {readAtOnce, withTenantAtOnce} from '#db/transaction.ts';

const isDeviceClientId = (id: number): boolean =>
  Number.isSafeInteger(id) && id >= 0 && id <= DEVICE_CLIENT_ID_MAX;

/**
 * Gives the device every id that no other device of the tenant has. `taken`: the others, with those that are the
 * server's own. Both in the order given. An id once owned stays owned, so the answer may be remembered.
 */
export async function claimReplica(
  {pool}: {pool: pg.Pool},
  {tenantId, deviceId, clientIds}: {tenantId: TenantId; deviceId: DeviceId; clientIds: readonly number[]},
): Promise<{owned: number[]; taken: number[]}> {
  const ids = [...new Set(clientIds)];
  const claimable = ids.filter(isDeviceClientId);
  const claimed = await withTenantAtOnce(pool, tenantId, (client) =>
    claimReplicas(client, tenantId, {deviceId, clientIds: claimable}),
  );
  const owners =
    claimed.size === claimable.length
      ? claimed
      : await readAtOnce(pool, tenantId, (client) => findReplicas(client, tenantId, claimable));
  const isOwned = (id: number): boolean => owners.get(id) === deviceId;
  return {owned: ids.filter(isOwned), taken: ids.filter((id) => !isOwned(id))};
}
