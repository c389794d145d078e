// Who may write in a tenant, as a lane reads it inside its transaction: roles, and the version that changes
// with them.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';

export interface MemberAccess {
  readonly userId: string;
  readonly role: Role;
  readonly employeeId: string | null;
}

export interface Access {
  readonly accessVersion: number;
  /** Active members among those asked for. */
  readonly members: readonly MemberAccess[];
}

const accessSql = `
  SELECT c.access_version AS "accessVersion", m.user_id AS "userId", m.role, m.employee_id AS "employeeId"
  FROM tenant_counters c
  LEFT JOIN memberships m ON m.tenant_id = c.tenant_id AND m.user_id = ANY ($2::uuid[]) AND m.status = 'active'
  WHERE c.tenant_id = $1`;

/** Null if the tenant does not exist. */
export async function readAccess(
  client: pg.ClientBase,
  tenantId: TenantId,
  userIds: readonly string[],
): Promise<Access | null> {
  const {rows} = await client.query<{
    accessVersion: number;
    userId: string | null;
    role: Role;
    employeeId: string | null;
  }>({
    name: 'read_access',
    text: accessSql,
    values: [tenantId, userIds],
  });
  const [first] = rows;
  if (first === undefined) return null;
  const members = rows.flatMap(({userId, role, employeeId}) =>
    userId === null ? [] : [{userId, role, employeeId}],
  );
  return {accessVersion: first.accessVersion, members};
}
