// Erasing a tenant, part by part; server/operator/erase-tenant.ts has the order. The tables are read from the catalog, so
// that a table added later is erased too. Run as the role that owns the tables: the server's own may not delete a log.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from './audit.ts';
import {asOwner, withTenant, withoutTenant} from './transaction.ts';

/** Rows of one transaction. */
const BATCH = 5_000;
/** Milliseconds for VACUUM of one table. */
const VACUUM_MS_MAX = 24 * 60 * 60_000;
/** Stands for the id of a master key that no longer opens the tenant's. */
const DESTROYED = 'destroyed';

/** Whether DATABASE_URL names a role that may delete a log. */
export async function ownsTables(pool: pg.Pool): Promise<boolean> {
  const {rows} = await asOwner(pool, (client) =>
    client.query<{owns: boolean}>(
      `SELECT pg_has_role(current_user, relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'audit_logs'::regclass`,
    ),
  );
  return rows[0]?.owns ?? false;
}

/**
 * From its commit on nothing that the tenant's key sealed can be opened, and nobody is a member: nodes hear of it as of any
 * change of access. False: there is no such tenant. May be done again.
 */
export async function destroyTenantKey(client: pg.ClientBase, tenantId: TenantId): Promise<boolean> {
  const {rowCount} = await client.query(
    `UPDATE tenants SET wrapped_key = '', master_key_id = $2 WHERE id = $1`,
    [tenantId, DESTROYED],
  );
  if (rowCount === 0) return false;
  await client.query(
    `UPDATE memberships SET status = 'removed', role_version = role_version + 1
     WHERE tenant_id = $1 AND status = 'active'`,
    [tenantId],
  );
  const row = {
    action: 'operator.erasing',
    entity: 'tenants',
    recordId: tenantId,
    userId: null,
    deviceId: null,
    summary: "The operator destroyed the tenant's key.",
    detail: null,
  };
  await appendAudit(client, tenantId, [row], {changesAccess: true});
  return true;
}

/** Referenced by others, or what orders a tenant's commits: last, in this order. */
const LAST = ['memberships', 'audit_logs', 'tenant_counters'];

/** Tables with rows of tenants, but for `tenants`, in the order in which they are emptied. */
async function listTables(client: pg.ClientBase): Promise<string[]> {
  const {rows} = await client.query<{name: string}>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id'
     ORDER BY c.relname`,
  );
  const names = rows.map(({name}) => name);
  return [...names.filter((name) => !LAST.includes(name)), ...LAST.filter((name) => names.includes(name))];
}

const asRole = (client: pg.ClientBase, role: 'app' | 'none') =>
  client.query(`SELECT set_config('role', $1, true)`, [role]);

/** The right to delete is given and taken back in the transaction that needs it, so nobody else ever has it. */
async function deleteBatch(client: pg.ClientBase, tenantId: TenantId, table: string): Promise<number> {
  const isLog = table === 'audit_logs';
  if (isLog) {
    await asRole(client, 'none');
    await client.query('GRANT DELETE ON audit_logs TO app');
    await asRole(client, 'app');
  }
  const {rowCount} = await client.query(
    `DELETE FROM "${table}" WHERE tenant_id = $1 AND ctid = ANY (ARRAY(
       SELECT ctid FROM "${table}" WHERE tenant_id = $1 LIMIT ${BATCH}))`,
    [tenantId],
  );
  if (isLog) {
    await asRole(client, 'none');
    await client.query('REVOKE DELETE ON audit_logs FROM app');
  }
  return rowCount ?? 0;
}

/** How many rows went, by table. Interrupted, it goes on when it is called again. */
export async function deleteTenantRows(pool: pg.Pool, tenantId: TenantId): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const table of await withTenant(pool, tenantId, listTables)) {
    for (let batch = BATCH; batch === BATCH;) {
      batch = await withTenant(pool, tenantId, (client) => deleteBatch(client, tenantId, table));
      if (batch > 0) deleted[table] = (deleted[table] ?? 0) + batch;
    }
  }
  await withoutTenant(pool, (client) =>
    client.query('UPDATE user_devices SET active_tenant_id = NULL WHERE active_tenant_id = $1', [tenantId]),
  );
  const {rowCount} = await withTenant(pool, tenantId, (client) =>
    client.query('DELETE FROM tenants WHERE id = $1', [tenantId]),
  );
  if (rowCount === 1) deleted['tenants'] = 1;
  return deleted;
}

function vacuum(client: pg.ClientBase, table: string): Promise<unknown> {
  const query = {text: `VACUUM "${table}"`, query_timeout: VACUUM_MS_MAX};
  return client.query(query);
}

/** Frees the space of deleted rows to be written over. Until it is, their bytes lie on in the files of Postgres. */
export async function vacuumTenantTables(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const tables = ['tenants', ...(await listTables(client))];
    await client.query('RESET ROLE');
    for (const table of tables) await vacuum(client, table);
  } finally {
    // Not reused: it has another role now.
    client.release(true);
  }
}
