// Whose a Yjs client id is. Asked before a device's first write under it.
import type pg from 'pg';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {claimReplicas, findReplicas} from '#db/replicas.ts';
import {readAtOnce, withTenantAtOnce} from '#db/transaction.ts';
import {gather} from './gather.ts';

export interface ReplicaClaim {
  readonly tenantId: TenantId;
  readonly deviceId: DeviceId;
  readonly clientIds: readonly number[];
}

export interface Replicas {
  /**
   * Gives the device every id that no other device of the tenant has. `taken`: the others, with those that are the
   * server's own. Both in the order given. An id once owned stays owned, so the answer may be remembered.
   */
  claim(claim: ReplicaClaim): Promise<{owned: number[]; taken: number[]}>;
}

/** Ids of one claim that still shares a statement with others; a device that connects claims one. */
const SHARED_IDS_MAX = 16;
/** Claims of one statement. */
const CLAIMS_MAX = 100;

const isDeviceClientId = (id: number): boolean =>
  Number.isSafeInteger(id) && id >= 0 && id <= DEVICE_CLIENT_ID_MAX;

export function createReplicas({pool}: {pool: pg.Pool}): Replicas {
  /** Of one tenant; whoever has each id afterwards, for all of them. */
  const claimAll = async (claims: readonly ReplicaClaim[]): Promise<ReadonlyMap<number, DeviceId>[]> => {
    const [first] = claims;
    if (first === undefined) return [];
    const {tenantId} = first;
    const claimable = claims.flatMap(({deviceId, clientIds}) =>
      clientIds.filter(isDeviceClientId).map((clientId) => ({clientId, deviceId})),
    );
    const ids = [...new Set(claimable.map(({clientId}) => clientId))];
    const claimed = await withTenantAtOnce(pool, tenantId, (client) =>
      claimReplicas(client, tenantId, claimable),
    );
    const owners =
      claimed.size === ids.length
        ? claimed
        : await readAtOnce(pool, tenantId, (client) => findReplicas(client, tenantId, ids));
    return claims.map(() => owners);
  };
  const claimTogether = gather({keyOf: ({tenantId}) => tenantId, askAll: claimAll, max: CLAIMS_MAX});

  return {
    async claim({tenantId, deviceId, clientIds}) {
      const ids = [...new Set(clientIds)];
      const claim = {tenantId, deviceId, clientIds: ids};
      const owners = ids.length > SHARED_IDS_MAX ? (await claimAll([claim]))[0] : await claimTogether(claim);
      const isOwned = (id: number): boolean => owners?.get(id) === deviceId;
      return {owned: ids.filter(isOwned), taken: ids.filter((id) => !isOwned(id))};
    },
  };
}
