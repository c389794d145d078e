// Memberships: who belongs to a tenant in which role.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import type {DeviceId, RecordId, TenantId, UserId} from '#crdt/protocol/ids.ts';
import {asWorker} from './transaction.ts';

export interface MembershipRow {
  readonly id: string;
  readonly role: Role;
  readonly status: 'active' | 'removed';
  readonly employeeId: RecordId | null;
  readonly roleVersion: number;
}

const membershipColumns = `id, role, status, employee_id AS "employeeId", role_version AS "roleVersion"`;

/** Locked until the transaction ends: a change of role or status waits for it, or is seen by it. */
export async function lockMembership(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userId, lock}: {userId: UserId; lock: 'share' | 'update'},
): Promise<MembershipRow | undefined> {
  const {rows} = await client.query<MembershipRow>(
    `SELECT ${membershipColumns} FROM memberships WHERE tenant_id = $1 AND user_id = $2
     FOR ${lock === 'share' ? 'SHARE' : 'UPDATE'}`,
    [tenantId, userId],
  );
  return rows[0];
}

/**
 * Makes the user an active member, again if they were removed before: the membership then keeps its id, and its
 * role version grows. Fails with a unique violation of EMPLOYEE_TAKEN if another active member is that employee.
 */
export async function saveMembership(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, userId, role, employeeId}: {id: string; userId: UserId; role: Role; employeeId: RecordId | null},
): Promise<MembershipRow> {
  const {rows} = await client.query<MembershipRow>(
    `INSERT INTO memberships AS m (tenant_id, user_id, id, role, employee_id) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id, user_id) DO UPDATE
       SET role = excluded.role, status = 'active', employee_id = excluded.employee_id,
           role_version = m.role_version + 1, updated_at = now()
     RETURNING ${membershipColumns}`,
    [tenantId, userId, id, role, employeeId],
  );
  const [membership] = rows;
  if (membership === undefined) throw new Error('An upsert returned no row');
  return membership;
}

/** A membership with whose it is. */
export interface HeldMembership extends MembershipRow {
  readonly userId: UserId;
}

/**
 * Locks the memberships of `userIds`, whatever their role, and all active managers': whoever is about to take a
 * manager away holds these, so of two who take away the last two one sees what the other did.
 */
export async function lockManagersAnd(
  client: pg.ClientBase,
  tenantId: TenantId,
  userIds: readonly UserId[],
): Promise<HeldMembership[]> {
  const {rows} = await client.query<HeldMembership>(
    // In one order for all, so that nobody waits for each other.
    `SELECT user_id AS "userId", ${membershipColumns} FROM memberships
     WHERE tenant_id = $1 AND ((role = 'manager' AND status = 'active') OR user_id = ANY ($2::uuid[]))
     ORDER BY user_id FOR UPDATE`,
    [tenantId, userIds],
  );
  return rows;
}

/** Changes role or status and with them the role version, which ends the member's cursors. */
export async function changeMembership(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userId, role, status, employeeId}: Pick<HeldMembership, 'userId' | 'role' | 'status' | 'employeeId'>,
): Promise<void> {
  await client.query(
    `UPDATE memberships
     SET role = $3, status = $4, employee_id = $5, role_version = role_version + 1, updated_at = clock_timestamp()
     WHERE tenant_id = $1 AND user_id = $2`,
    [tenantId, userId, role, status, employeeId],
  );
}

/** A membership with its person. */
export interface MemberRow extends HeldMembership {
  readonly name: string | null;
  readonly email: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const memberSql = `
  SELECT m.user_id AS "userId", m.id, m.role, m.status, m.employee_id AS "employeeId",
         m.role_version AS "roleVersion", u.name, u.email, m.created_at AS "createdAt", m.updated_at AS "updatedAt"
  FROM memberships m JOIN users u ON u.id = m.user_id
  WHERE m.tenant_id = $1`;

export async function findMember(
  client: pg.ClientBase,
  tenantId: TenantId,
  userId: UserId,
): Promise<MemberRow | undefined> {
  const {rows} = await client.query<MemberRow>(`${memberSql} AND m.user_id = $2`, [tenantId, userId]);
  return rows[0];
}

/** In the order in which they joined first, after a place. */
export async function listMembers(
  client: pg.ClientBase,
  tenantId: TenantId,
  {
    after,
    status,
    limit,
  }: {
    after: {createdAt: Date; id: string} | null;
    status: MembershipRow['status'] | undefined;
    limit: number;
  },
): Promise<MemberRow[]> {
  const {rows} = await client.query<MemberRow>(
    `${memberSql} AND ($2::timestamptz IS NULL OR (m.created_at, m.id) > ($2, $3::uuid))
       AND ($4::text IS NULL OR m.status = $4)
     ORDER BY m.created_at, m.id LIMIT $5`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, status ?? null, limit],
  );
  return rows;
}

/** Name of the index that keeps an employee record to one active member. */
export const EMPLOYEE_TAKEN = 'memberships_employee';

/** Whether the record exists, is not deleted, and no active member works as it. */
export async function isFreeEmployee(
  client: pg.ClientBase,
  tenantId: TenantId,
  employeeId: RecordId,
): Promise<boolean> {
  const {rows} = await client.query<{free: boolean}>(
    `SELECT NOT EXISTS (SELECT FROM memberships
                        WHERE tenant_id = $1 AND employee_id = $2 AND status = 'active') AS free
     FROM employees WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`,
    [tenantId, employeeId],
  );
  return rows[0]?.free ?? false;
}

/** A tenant as one of its members sees it in a list. */
export interface OwnTenant {
  readonly id: TenantId;
  readonly name: string;
  readonly role: Role;
  readonly employeeId: RecordId | null;
}

/** Tenants the user is an active member of, by id, `limit` at most, after `after`. Crosses tenants. */
export async function listOwnTenants(
  pool: pg.Pool,
  userId: UserId,
  {after, limit}: {after: TenantId | undefined; limit: number},
): Promise<OwnTenant[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<OwnTenant>(
      `SELECT t.id, t.name, m.role, m.employee_id AS "employeeId"
       FROM memberships m JOIN tenants t ON t.id = m.tenant_id
       WHERE m.user_id = $1 AND m.status = 'active' AND ($2::uuid IS NULL OR m.tenant_id > $2)
       ORDER BY m.tenant_id LIMIT $3`,
      [userId, after ?? null, limit],
    ),
  );
  return rows;
}

/** Every tenant the user is or was a member of, by id. Crosses tenants. */
export async function listTenantsEverOf(pool: pg.Pool, userId: UserId): Promise<TenantId[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<{tenantId: TenantId}>(
      `SELECT tenant_id AS "tenantId" FROM memberships WHERE user_id = $1 ORDER BY tenant_id`,
      [userId],
    ),
  );
  return rows.map(({tenantId}) => tenantId);
}

/** A membership the caller may mean, and what is known of the device in that tenant. */
export interface MembershipChoice {
  readonly tenantId: TenantId;
  readonly membershipId: string;
  readonly role: Role;
  readonly roleVersion: number;
  readonly employeeId: RecordId | null;
  readonly accessVersion: number;
  /** The device works in this tenant when a request names none. */
  readonly isActivated: boolean;
  /** Null: nobody has used this device id yet. */
  readonly deviceUserId: UserId | null;
  readonly isRevoked: boolean;
  /** The tenant knows the device and noted it within the last five minutes. */
  readonly isFresh: boolean;
}

/** Who asks which membership is meant. */
export interface MembershipQuestion {
  readonly userId: UserId;
  readonly tenantId: TenantId | undefined;
  readonly deviceId: DeviceId;
}

const choicesSql = `
  SELECT q.place, choice.*
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS q (user_id, device_id, tenant_id, place)
  CROSS JOIN LATERAL (
    SELECT m.tenant_id AS "tenantId", m.id AS "membershipId", m.role, m.role_version AS "roleVersion",
           m.employee_id AS "employeeId", c.access_version AS "accessVersion",
           coalesce(u.active_tenant_id = m.tenant_id AND u.user_id = m.user_id, false) AS "isActivated",
           u.user_id AS "deviceUserId", d.revoked_at IS NOT NULL AS "isRevoked",
           coalesce(d.last_seen_at > now() - interval '5 minutes', false) AS "isFresh"
    FROM memberships m
    JOIN tenant_counters c ON c.tenant_id = m.tenant_id
    LEFT JOIN user_devices u ON u.id = q.device_id
    LEFT JOIN devices d ON d.tenant_id = m.tenant_id AND d.id = q.device_id
    WHERE m.user_id = q.user_id AND m.status = 'active' AND (q.tenant_id IS NULL OR m.tenant_id = q.tenant_id)
    ORDER BY "isActivated" DESC LIMIT 2) AS choice
  ORDER BY q.place, choice."isActivated" DESC`;

/**
 * For each question, in their order, the user's active memberships: of `tenantId` alone if given, else the activated one
 * first; two at most, which is enough to see whether there is a choice. One statement, since most requests begin with
 * it. Crosses tenants.
 */
export async function findMembershipChoices(
  pool: pg.Pool,
  questions: readonly MembershipQuestion[],
): Promise<MembershipChoice[][]> {
  const query = {
    name: 'find-membership-choices',
    text: choicesSql,
    values: [
      questions.map(({userId}) => userId),
      questions.map(({deviceId}) => deviceId),
      questions.map(({tenantId}) => tenantId ?? null),
    ],
  };
  const {rows} = await asWorker(pool, (client) =>
    client.query<MembershipChoice & {readonly place: number}>(query),
  );
  const choices = questions.map((): MembershipChoice[] => []);
  for (const {place, ...choice} of rows) choices[place - 1]?.push(choice);
  return choices;
}
