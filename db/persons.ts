// What is known of one person beyond what a single tenant knows: for an operator who is asked to hand it over or to
// erase it.
import type pg from 'pg';
import type {DeviceId, TenantId, UserId} from '#crdt/protocol/ids.ts';
import type {AuditLogRow} from './audit-log.ts';

export interface PersonRow {
  readonly id: UserId;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly createdAt: Date;
}

/** By id, or all accounts of an address. */
export async function findPersons(pool: pg.Pool, idOrAddress: string): Promise<PersonRow[]> {
  const {rows} = await pool.query<PersonRow>(
    `SELECT id, clerk_user_id AS subject, email, name, created_at AS "createdAt" FROM users
     WHERE id::text = lower($1) OR email = lower($1) ORDER BY id`,
    [idOrAddress],
  );
  return rows;
}

export interface PersonDeviceRow {
  readonly id: DeviceId;
  readonly createdAt: Date;
}

export async function listPersonDevices(pool: pg.Pool, userId: UserId): Promise<PersonDeviceRow[]> {
  const {rows} = await pool.query<PersonDeviceRow>(
    'SELECT id, created_at AS "createdAt" FROM user_devices WHERE user_id = $1 ORDER BY created_at, id',
    [userId],
  );
  return rows;
}

/** What they did in a tenant, in order of seq, after one. */
export async function listActionsOf(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userId, after, limit}: {userId: UserId; after: number; limit: number},
): Promise<AuditLogRow[]> {
  const {rows} = await client.query<AuditLogRow>(
    `SELECT seq, at, action, entity, record_id AS "recordId", user_id AS "userId", device_id AS "deviceId",
            summary, detail
     FROM audit_logs WHERE tenant_id = $1 AND user_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
    [tenantId, userId, after, limit],
  );
  return rows;
}

/** Invitations to an address, whatever became of them, name another address from then on. */
export async function forgetInvitedAddress(
  client: pg.ClientBase,
  tenantId: TenantId,
  {email, replacement}: {email: string; replacement: string},
): Promise<void> {
  await client.query('UPDATE invitations SET email = $3 WHERE tenant_id = $1 AND email = $2', [
    tenantId,
    email,
    replacement,
  ]);
}

/** The row stays, since logs and records name its id. Whoever signs in with the old subject is somebody new. */
export async function forgetPerson(
  client: pg.ClientBase,
  {userId, name}: {userId: UserId; name: string},
): Promise<void> {
  await client.query(
    `UPDATE users SET clerk_user_id = 'erased_' || id, email = NULL, name = $2, profile_at = NULL WHERE id = $1`,
    [userId, name],
  );
}
