// Who may write in a tenant, as a lane reads it inside its transaction: roles, and the version that changes
// with them.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';

/** Whoever submits changes: a member on one of their devices. */
export interface Writer {
  readonly userId: string;
  readonly deviceId: string;
}

export interface WriterAccess extends Writer {
  readonly role: Role;
  readonly employeeId: string | null;
}

export interface Access {
  readonly accessVersion: number;
  readonly scopeVersion: number;
  /** Those asked for who are active members, on devices that nobody revoked. */
  readonly writers: readonly WriterAccess[];
}

// `status` is looked at after the look-up: a partial index on it would pass for as cheap as the primary key.
const accessSql = `
  SELECT c.access_version AS "accessVersion", c.scope_version AS "scopeVersion", w.user_id AS "userId", w.device_id AS "deviceId", w.role,
         w.employee_id AS "employeeId"
  FROM tenant_counters c
  LEFT JOIN LATERAL (
    SELECT k.user_id, k.device_id, m.role, m.employee_id
    FROM unnest($2::uuid[], $3::uuid[]) AS k (user_id, device_id)
    CROSS JOIN LATERAL (
      SELECT role, employee_id, status FROM memberships WHERE tenant_id = $1 AND user_id = k.user_id LIMIT 1) m
    LEFT JOIN LATERAL (SELECT revoked_at FROM devices WHERE tenant_id = $1 AND id = k.device_id LIMIT 1) d ON true
    WHERE m.status = 'active' AND d.revoked_at IS NULL) w ON true
  WHERE c.tenant_id = $1`;

/** Null if the tenant does not exist. */
export async function readAccess(
  client: pg.ClientBase,
  tenantId: TenantId,
  writers: readonly Writer[],
): Promise<Access | null> {
  const {rows} = await client.query<
    {accessVersion: number; scopeVersion: number} & (WriterAccess | {userId: null})
  >({
    name: 'read_access',
    text: accessSql,
    values: [tenantId, writers.map(({userId}) => userId), writers.map(({deviceId}) => deviceId)],
  });
  const [first] = rows;
  if (first === undefined) return null;
  const found = rows.flatMap(({accessVersion: _, scopeVersion: __, ...writer}) =>
    writer.userId === null ? [] : [writer],
  );
  return {accessVersion: first.accessVersion, scopeVersion: first.scopeVersion, writers: found};
}

/** Waits for whoever is committing in the tenant: until the end of this transaction nothing more is. */
export async function lockCounter(client: pg.ClientBase, tenantId: TenantId): Promise<void> {
  await client.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
}
