// Moves the keys of tenants from one master key to another. Only the wrapping changes: the key itself stays, and with
// it all that it sealed. server/sync/key-rotation.ts goes through the tenants with it.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from './audit.ts';
import type {Keyring, WrappedKey} from './cipher.ts';
import {asWorker} from './transaction.ts';

export interface KeyToMove {
  readonly tenantId: TenantId;
  /** What it is wrapped with now. */
  readonly masterKeyId: string;
}

/**
 * Tenants whose key is not under the master key `currentId`, in order of id, after one; '' begins. Crosses
 * tenants: run by an operator's command only.
 */
export async function listKeysToMove(
  pool: pg.Pool,
  {currentId, after, limit}: {currentId: string; after: TenantId | ''; limit: number},
): Promise<KeyToMove[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<KeyToMove>(
      `SELECT id AS "tenantId", master_key_id AS "masterKeyId" FROM tenants
       WHERE master_key_id <> $1 AND ($2 = '' OR id > nullif($2, '')::uuid) ORDER BY id LIMIT $3`,
      [currentId, after, limit],
    ),
  );
  return rows;
}

const lockSql = `
  SELECT wrapped_key AS "wrappedKey", key_version AS "keyVersion", master_key_id AS "masterKeyId"
  FROM tenants WHERE id = $1 FOR NO KEY UPDATE`;

/**
 * Wraps the tenant's key with the current master key, and says so in the tenant's log. False, and nothing done, if
 * it is under that key already or the tenant is gone: two rotations at once do each tenant once.
 * Throws SyncError `internal` if no master key of `keyring` opens it.
 */
export async function moveTenantKey(
  client: pg.ClientBase,
  tenantId: TenantId,
  keyring: Keyring,
): Promise<boolean> {
  const [wrapped] = (await client.query<WrappedKey>(lockSql, [tenantId])).rows;
  const moved = wrapped && keyring.rewrap(tenantId, wrapped);
  if (moved === undefined) return false;
  await client.query(
    'UPDATE tenants SET wrapped_key = $2, key_version = $3, master_key_id = $4 WHERE id = $1',
    [tenantId, moved.wrappedKey, moved.keyVersion, moved.masterKeyId],
  );
  const row = {
    action: 'keys.rotated',
    entity: 'tenants',
    recordId: tenantId,
    userId: null,
    deviceId: null,
    summary: `Wrapped the tenant's key with master key ${moved.masterKeyId} instead of ${wrapped?.masterKeyId}.`,
    detail: null,
  };
  await appendAudit(client, tenantId, [row]);
  return true;
}
