// Invitations to a tenant. The code itself is never stored.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import type {RecordId, TenantId, UserId} from '#crdt/protocol/ids.ts';

export interface InvitationRow {
  readonly id: string;
  readonly role: Role;
  readonly employeeId: RecordId | null;
  readonly acceptedBy: UserId | null;
  readonly isRevoked: boolean;
  /** By the database's clock. */
  readonly isExpired: boolean;
}

export interface NewInvitation {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly role: Role;
  readonly employeeId: RecordId | null;
  readonly codeHash: Uint8Array;
  readonly createdBy: UserId;
  readonly days: number;
}

/** Resolves to the time it expires at. */
export async function insertInvitation(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, email, role, employeeId, codeHash, createdBy, days}: NewInvitation,
): Promise<Date> {
  const {rows} = await client.query<{expiresAt: Date}>(
    `INSERT INTO invitations (tenant_id, id, email, role, employee_id, code_hash, created_by, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), now() + make_interval(days => $8))
     RETURNING expires_at AS "expiresAt"`,
    [tenantId, id, email, role, employeeId, codeHash, createdBy, days],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('An insert returned no row');
  return row.expiresAt;
}

/** An invitation that Clerk mailed too. */
export interface MailedInvitation {
  readonly id: string;
  readonly clerkInvitationId: string;
}

/** Revokes what was sent to that address and not accepted. Answers those that Clerk still has to be told of. */
export async function revokeInvitationsTo(
  client: pg.ClientBase,
  tenantId: TenantId,
  email: string,
): Promise<MailedInvitation[]> {
  const {rows} = await client.query<MailedInvitation>(
    `WITH revoked AS (
       UPDATE invitations SET revoked_at = now()
       WHERE tenant_id = $1 AND email = $2 AND accepted_at IS NULL AND revoked_at IS NULL
       RETURNING id, clerk_invitation_id AS "clerkInvitationId")
     SELECT * FROM revoked WHERE "clerkInvitationId" IS NOT NULL`,
    [tenantId, email],
  );
  return rows;
}

/** The same for what was sent to the user's own address. */
export async function revokeInvitationsOf(
  client: pg.ClientBase,
  tenantId: TenantId,
  userId: UserId,
): Promise<void> {
  await client.query(
    `UPDATE invitations SET revoked_at = now()
     WHERE tenant_id = $1 AND email = (SELECT email FROM users WHERE id = $2)
       AND accepted_at IS NULL AND revoked_at IS NULL`,
    [tenantId, userId],
  );
}

/** As its managers see it. */
export interface ListedInvitationRow extends InvitationRow {
  readonly email: string;
  readonly createdBy: UserId;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Null: Clerk sent none, or has withdrawn it. */
  readonly clerkInvitationId: string | null;
}

const listedColumns = `id, email, role, employee_id AS "employeeId", accepted_by AS "acceptedBy",
  revoked_at IS NOT NULL AS "isRevoked", expires_at <= clock_timestamp() AS "isExpired",
  created_by AS "createdBy", created_at AS "createdAt", expires_at AS "expiresAt",
  clerk_invitation_id AS "clerkInvitationId"`;

const statusSql = `CASE WHEN accepted_at IS NOT NULL THEN 'accepted' WHEN revoked_at IS NOT NULL THEN 'revoked'
  WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'pending' END`;

/** In the order in which they were made, after a place. */
export async function listInvitations(
  client: pg.ClientBase,
  tenantId: TenantId,
  {
    after,
    status,
    limit,
  }: {after: {createdAt: Date; id: string} | null; status: string | undefined; limit: number},
): Promise<ListedInvitationRow[]> {
  const {rows} = await client.query<ListedInvitationRow>(
    `SELECT ${listedColumns} FROM invitations
     WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
       AND ($4::text IS NULL OR ${statusSql} = $4)
     ORDER BY created_at, id LIMIT $5`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, status ?? null, limit],
  );
  return rows;
}

export async function lockInvitationById(
  client: pg.ClientBase,
  tenantId: TenantId,
  id: string,
): Promise<ListedInvitationRow | undefined> {
  const {rows} = await client.query<ListedInvitationRow>(
    `SELECT ${listedColumns} FROM invitations WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
    [tenantId, id],
  );
  return rows[0];
}

/** A new code in place of the old one, good for `days` from now. Resolves to the time it expires at. */
export async function renewInvitation(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, codeHash, days}: Pick<NewInvitation, 'id' | 'codeHash' | 'days'>,
): Promise<Date> {
  const {rows} = await client.query<{expiresAt: Date}>(
    `UPDATE invitations SET code_hash = $3, expires_at = now() + make_interval(days => $4)
     WHERE tenant_id = $1 AND id = $2 RETURNING expires_at AS "expiresAt"`,
    [tenantId, id, codeHash, days],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The invitation has gone while it was locked');
  return row.expiresAt;
}

export async function revokeInvitation(client: pg.ClientBase, tenantId: TenantId, id: string): Promise<void> {
  await client.query(`UPDATE invitations SET revoked_at = now() WHERE tenant_id = $1 AND id = $2`, [
    tenantId,
    id,
  ]);
}

/** By code, or else the latest to that address. Locked, so that of two who accept at once one is first. */
export async function lockInvitation(
  client: pg.ClientBase,
  tenantId: TenantId,
  by: {kind: 'code'; codeHash: Uint8Array} | {kind: 'email'; email: string},
): Promise<InvitationRow | undefined> {
  const {rows} = await client.query<InvitationRow>(
    `SELECT id, role, employee_id AS "employeeId", accepted_by AS "acceptedBy",
            revoked_at IS NOT NULL AS "isRevoked", expires_at <= clock_timestamp() AS "isExpired"
     FROM invitations
     WHERE tenant_id = $1 AND ${by.kind === 'code' ? 'code_hash' : 'email'} = $2
     ORDER BY created_at DESC LIMIT 1
     FOR UPDATE`,
    [tenantId, by.kind === 'code' ? by.codeHash : by.email],
  );
  return rows[0];
}

export async function markInvitationAccepted(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, userId}: {id: string; userId: UserId},
): Promise<void> {
  await client.query(
    `UPDATE invitations SET accepted_at = clock_timestamp(), accepted_by = $3
     WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, userId],
  );
}

/**
 * Notes which invitation of Clerk stands for ours from now on, and answers the one that did before; or that ours was
 * accepted or revoked meanwhile, and nothing was noted.
 */
export async function noteClerkInvitation(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, clerkInvitationId}: MailedInvitation,
): Promise<{isNoted: boolean; before: string | null}> {
  const {rows} = await client.query<{before: string | null}>(
    `WITH known AS (
       SELECT id, clerk_invitation_id AS before FROM invitations
       WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL FOR UPDATE)
     UPDATE invitations i SET clerk_invitation_id = $3 FROM known
     WHERE i.tenant_id = $1 AND i.id = known.id RETURNING known.before`,
    [tenantId, id, clerkInvitationId],
  );
  const [row] = rows;
  return row === undefined ? {isNoted: false, before: null} : {isNoted: true, before: row.before};
}

/** Clerk has withdrawn it. Does nothing if another one stands for ours by now. */
export async function forgetClerkInvitation(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, clerkInvitationId}: MailedInvitation,
): Promise<void> {
  await client.query(
    `UPDATE invitations SET clerk_invitation_id = NULL
     WHERE tenant_id = $1 AND id = $2 AND clerk_invitation_id = $3`,
    [tenantId, id, clerkInvitationId],
  );
}
