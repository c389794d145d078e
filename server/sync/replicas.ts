// Whose a Yjs client id is. Asked before a device's first write under it.
import type pg from 'pg';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {claimReplicas, findReplicas, type Replica} from '#db/replicas.ts';
import {readAtOnce, withTenantsAtOnce, type TenantStatement} from '#db/transaction.ts';
import {gatherByTenant} from './gather-by-tenant.ts';

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

/** Ids of one claim that is still sent with others; a device that connects claims one. */
const SHARED_IDS_MAX = 16;
/** Claims sent together. */
const CLAIMS_MAX = 200;

type Owners = ReadonlyMap<number, DeviceId>;

const isDeviceClientId = (id: number): boolean =>
  Number.isSafeInteger(id) && id >= 0 && id <= DEVICE_CLIENT_ID_MAX;

const replicasOf = ({deviceId, clientIds}: ReplicaClaim): Replica[] =>
  clientIds.filter(isDeviceClientId).map((clientId) => ({clientId, deviceId}));

export function createReplicas({pool}: {pool: pg.Pool}): Replicas {
  /** Whoever has each id afterwards, of all that were asked for with it. */
  const claimTogether = gatherByTenant({
    send: (asked: readonly TenantStatement<Owners>[]) => withTenantsAtOnce(pool, asked),
    keyOf: ({tenantId}: ReplicaClaim) => tenantId,
    roundOf: ({tenantId, deviceId, clientIds}) =>
      clientIds.length > SHARED_IDS_MAX ? `${tenantId} ${deviceId}` : '',
    ask: (client, claims) => claimReplicas(client, claims[0].tenantId, claims.flatMap(replicasOf)),
    async finish(answered, claims): Promise<Owners> {
      const {tenantId} = claims[0];
      const ids = [...new Set(claims.flatMap(replicasOf).map(({clientId}) => clientId))];
      const claimed = await answered;
      if (claimed.size === ids.length) return claimed;
      return readAtOnce(pool, tenantId, (client) => findReplicas(client, tenantId, ids));
    },
    max: CLAIMS_MAX,
  });

  return {
    async claim({tenantId, deviceId, clientIds}) {
      const ids = [...new Set(clientIds)];
      const claim = {tenantId, deviceId, clientIds: ids};
      const owners = await claimTogether(claim);
      const isOwned = (id: number): boolean => owners.get(id) === deviceId;
      return {owned: ids.filter(isOwned), taken: ids.filter((id) => !isOwned(id))};
    },
  };
}
