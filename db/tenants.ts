// Tenants: making one, and reading its key and name.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {AUDIT_HEAD_START} from './audit-chain.ts';
import type {WrappedKey} from './cipher.ts';

/** With its counter, at 0. */
export async function insertTenant(
  client: pg.ClientBase,
  tenantId: TenantId,
  {name, key}: {name: string; key: WrappedKey},
): Promise<void> {
  await client.query(
    `INSERT INTO tenants (id, name, wrapped_key, key_version, master_key_id) VALUES ($1, $2, $3, $4, $5)`,
    [tenantId, name, key.wrappedKey, key.keyVersion, key.masterKeyId],
  );
  await client.query(`INSERT INTO tenant_counters (tenant_id, audit_head) VALUES ($1, $2)`, [
    tenantId,
    AUDIT_HEAD_START,
  ]);
}

export async function readTenantKey(
  client: pg.ClientBase,
  tenantId: TenantId,
): Promise<WrappedKey | undefined> {
  const {rows} = await client.query<WrappedKey>(
    `SELECT wrapped_key AS "wrappedKey", key_version AS "keyVersion", master_key_id AS "masterKeyId"
     FROM tenants WHERE id = $1`,
    [tenantId],
  );
  return rows[0];
}

export async function readTenantName(client: pg.ClientBase, tenantId: TenantId): Promise<string | undefined> {
  const {rows} = await client.query<{name: string}>('SELECT name FROM tenants WHERE id = $1', [tenantId]);
  return rows[0]?.name;
}
