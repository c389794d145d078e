// Invitations after they were sent: a manager lists them, sends one again under a new code, or withdraws it.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {InvitationsQuery, InvitationStatus, ListedInvitation} from '#crdt/protocol/invitations.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import {
  listInvitations as listRows,
  lockInvitationById,
  renewInvitation,
  revokeInvitation as revokeRow,
  type ListedInvitationRow,
} from '#db/invitations.ts';
import {withTenant} from '#db/transaction.ts';
import {hashInvitationCode, makeInvitationCode} from './invitation-code.ts';
import {deliver, withdrawMails, type DeliveryDeps} from './invitation-delivery.ts';
import {INVITATION_DAYS, type Invitation} from './invitations.ts';
import {pageOf, readPlace, type ListPage} from './list-place.ts';
import type {Member} from './members.ts';
import {requireManager, requireManagerInside} from './require-manager.ts';

interface Deps extends DeliveryDeps {
  /** Called after the commit. */
  readonly onLogged: (tenantId: TenantId, group: AuditGroup) => void;
}

/** In the order in which they were made. Throws SyncError `forbidden` for employees, `bad_cursor`. */
export async function listInvitations(
  {pool}: Pick<Deps, 'pool'>,
  {tenantId, role}: Member,
  {since, limit, status}: InvitationsQuery,
): Promise<ListPage<ListedInvitation>> {
  requireManager({role});
  const after = readPlace(since);
  const rows = await withTenant(pool, tenantId, (client) =>
    listRows(client, tenantId, {after, status, limit: limit + 1}),
  );
  return pageOf(rows, {limit, cursor: since, placeOf: (row) => row, toItem: invitationJson});
}

function statusOf({acceptedBy, isRevoked, isExpired}: ListedInvitationRow): InvitationStatus {
  if (acceptedBy !== null) return 'accepted';
  if (isRevoked) return 'revoked';
  return isExpired ? 'expired' : 'pending';
}

function invitationJson(row: ListedInvitationRow): ListedInvitation {
  const {id, email, role, employeeId, createdBy, createdAt, expiresAt, acceptedBy, clerkInvitationId} = row;
  return {
    id,
    email,
    role,
    status: statusOf(row),
    ...(employeeId === null ? {} : {employeeId}),
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(acceptedBy === null ? {} : {acceptedBy}),
    delivery: clerkInvitationId === null ? 'code' : 'clerk',
  };
}

/** Locks the invitation, then the manager's own membership: the order of who accepts. */
async function lockFor(client: pg.ClientBase, member: Member, id: string): Promise<ListedInvitationRow> {
  const {tenantId} = member;
  const row = await lockInvitationById(client, tenantId, id);
  await requireManagerInside(client, member);
  if (row === undefined) throw new SyncError('not_found');
  if (row.acceptedBy !== null) throw new SyncError('invitation_used');
  return row;
}

const auditRow = (
  {userId, deviceId}: Member,
  {id, action, summary}: {id: string; action: string; summary: string},
) => ({action, entity: 'invitations', recordId: id, userId, deviceId, summary, detail: null});

/**
 * The old code no longer works, the new one does, an expired invitation too. It is mailed again. Throws SyncError `forbidden`,
 * `not_found`, `invitation_used` or `invitation_revoked`.
 */
export async function resendInvitation(deps: Deps, member: Member, id: string): Promise<Invitation> {
  requireManager(member);
  const {tenantId} = member;
  const code = makeInvitationCode();
  const {email, expiresAt, group} = await withTenant(deps.pool, tenantId, async (client) => {
    const row = await lockFor(client, member, id);
    if (row.isRevoked) throw new SyncError('invitation_revoked');
    const renewal = {id, codeHash: hashInvitationCode(code), days: INVITATION_DAYS};
    const expiry = await renewInvitation(client, tenantId, renewal);
    const logged = {id, action: 'invitation.resent', summary: 'Sent an invitation again.'};
    const appended = await appendAudit(client, tenantId, [auditRow(member, logged)]);
    return {email: row.email, expiresAt: expiry, group: appended};
  });
  deps.onLogged(tenantId, group);
  const delivered = await deliver(deps, {tenantId, invitationId: id, email, days: INVITATION_DAYS});
  return {id, code, expiresAt, ...delivered};
}

/**
 * Throws SyncError `forbidden`, `not_found` or `invitation_used`; one withdrawn already stays so. The mail is withdrawn
 * too; where that fails the answer still says `clerk`, and doing it again tries again.
 */
export async function revokeInvitation(deps: Deps, member: Member, id: string): Promise<ListedInvitation> {
  requireManager(member);
  const {tenantId} = member;
  const {row, group} = await withTenant(deps.pool, tenantId, async (client) => {
    const found = await lockFor(client, member, id);
    if (found.isRevoked) return {row: found, group: null};
    await revokeRow(client, tenantId, id);
    const logged = {id, action: 'invitation.revoked', summary: 'Withdrew an invitation.'};
    return {
      row: {...found, isRevoked: true},
      group: await appendAudit(client, tenantId, [auditRow(member, logged)]),
    };
  });
  if (group !== null) deps.onLogged(tenantId, group);
  const {clerkInvitationId} = row;
  if (clerkInvitationId === null) return invitationJson(row);
  const left = await withdrawMails(deps, {tenantId, mails: [{id, clerkInvitationId}]});
  return invitationJson(left.length === 0 ? {...row, clerkInvitationId: null} : row);
}
