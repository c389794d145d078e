// How many sockets a user and a tenant may have open on this node, devices and rooms together. A stolen token, or an app
// that opens and forgets, could otherwise take the memory that all share.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import {TENANT_SOCKETS_MAX, USER_SOCKETS_MAX} from '#crdt/protocol/limits.ts';
import type {Connection} from './connection.ts';

export interface SocketsMax {
  readonly user: number;
  readonly tenant: number;
}

export interface SocketPlaces {
  /**
   * Takes a place, and gives it back when the connection ends. Throws SyncError `too_many_sockets`: the one that comes is
   * refused, since those that are open may be in the middle of something.
   */
  take(
    connection: Pick<Connection, 'onEnd'>,
    member: {readonly userId: UserId; readonly tenantId: TenantId},
  ): void;
  /** Users and tenants counted now. */
  size(): number;
}

export function createSocketPlaces(
  max: SocketsMax = {user: USER_SOCKETS_MAX, tenant: TENANT_SOCKETS_MAX},
): SocketPlaces {
  const users = new Map<UserId, number>();
  const tenants = new Map<TenantId, number>();
  return {
    take(connection, {userId, tenantId}) {
      if ((users.get(userId) ?? 0) >= max.user || (tenants.get(tenantId) ?? 0) >= max.tenant)
        throw new SyncError('too_many_sockets');
      add(users, userId, 1);
      add(tenants, tenantId, 1);
      connection.onEnd(() => {
        add(users, userId, -1);
        add(tenants, tenantId, -1);
      });
    },
    size: () => users.size + tenants.size,
  };
}

function add<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
