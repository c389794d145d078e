// Accepting an invitation, and choosing the tenant a device works in. The employee record is made before the
// membership that names it and marked as the user's after it, each by a change that may be repeated: whoever is
// interrupted half-way asks again and gets the rest.
import {randomUUID} from 'node:crypto';
import pg from 'pg';
import {z} from 'zod';
import type {Role} from '#crdt/change.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {
  deviceId as deviceIdSchema,
  recordId,
  type DeviceId,
  type RecordId,
  type TenantId,
  type UserId,
} from '#crdt/protocol/ids.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import type {AuditRow} from '#db/audit-chain.ts';
import {activateTenant} from '#db/devices.ts';
import {lockInvitation, markInvitationAccepted, type InvitationRow} from '#db/invitations.ts';
import {EMPLOYEE_TAKEN, lockMembership, saveMembership, type MembershipRow} from '#db/memberships.ts';
import {renewScope} from '#db/scope.ts';
import {withTenant} from '#db/transaction.ts';
import {derivedUuid, implicitDeviceId, registerDevice} from './devices.ts';
import {hashInvitationCode} from './invitation-code.ts';
import type {User} from './users.ts';

export const activateBody = z.strictObject({
  deviceId: deviceIdSchema.optional(),
  inviteCode: z.string().max(100).optional(),
});

export interface EmployeeChange {
  readonly tenantId: TenantId;
  readonly employeeId: RecordId;
  /** The user who becomes that employee. */
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Whose doing it is, on that device; absent: the user's own. */
  readonly by?: UserId;
}

export interface ActivationDeps {
  readonly pool: pg.Pool;
  /** Makes the record unless it is there. `displayName` is never empty. */
  readonly createEmployeeRecord: (
    change: EmployeeChange & {displayName: string; email: string | null},
  ) => Promise<void>;
  /** Writes `userId` of the record unless it says so already. */
  readonly setEmployeeUser: (change: EmployeeChange) => Promise<void>;
  /** Called after the commit. */
  readonly onAccessChanged: (tenantId: TenantId, group: AuditGroup) => void;
}

export interface ActivationRequest {
  readonly user: User;
  readonly tenantId: TenantId;
  readonly deviceId?: DeviceId | undefined;
  readonly inviteCode?: string | undefined;
}

export interface Activation {
  readonly tenantId: TenantId;
  readonly role: Role;
  readonly employeeId?: RecordId;
}

type Standing =
  | {readonly kind: 'member'; readonly membership: MembershipRow}
  | {
      readonly kind: 'invited';
      readonly invitation: InvitationRow;
      readonly employeeId: RecordId | null;
      readonly isNewEmployee: boolean;
    };

/** Without an invitation there is nothing to see: neither that the tenant exists nor that a code once fitted. */
function judge(invitation: InvitationRow | undefined, userId: UserId): InvitationRow {
  if (invitation === undefined || invitation.acceptedBy === userId) throw new SyncError('no_membership');
  if (invitation.acceptedBy !== null) throw new SyncError('invitation_used');
  if (invitation.isRevoked) throw new SyncError('invitation_revoked');
  if (invitation.isExpired) throw new SyncError('invitation_expired');
  return invitation;
}

/** Locks invitation and membership, in this order. Throws for who is neither a member nor invited. */
async function readStanding(client: pg.ClientBase, request: ActivationRequest): Promise<Standing> {
  const {user, tenantId, inviteCode} = request;
  const by =
    inviteCode !== undefined
      ? ({kind: 'code', codeHash: hashInvitationCode(inviteCode)} as const)
      : user.emailVerified && user.email !== null
        ? ({kind: 'email', email: user.email} as const)
        : undefined;
  const found = by && (await lockInvitation(client, tenantId, by));
  const membership = await lockMembership(client, tenantId, {userId: user.id, lock: 'update'});
  if (membership?.status === 'active') return {kind: 'member', membership};
  const invitation = judge(found, user.id);
  const named = invitation.employeeId ?? membership?.employeeId ?? null;
  const isNewEmployee = invitation.role === 'employee' && named === null;
  // Derived, so that an activation that is repeated finds the record of the first attempt.
  const employeeId = isNewEmployee
    ? recordId.parse(derivedUuid('employee of invitation', tenantId, invitation.id))
    : named;
  return {kind: 'invited', invitation, employeeId, isNewEmployee};
}

async function join(
  client: pg.ClientBase,
  {tenantId, user, deviceId}: {tenantId: TenantId; user: User; deviceId: DeviceId},
  {
    standing: {invitation, employeeId},
    before,
  }: {standing: Extract<Standing, {kind: 'invited'}>; before: readonly AuditRow[]},
): Promise<{membership: MembershipRow; group: AuditGroup}> {
  const {role} = invitation;
  const membership = await saveMembership(client, tenantId, {
    id: randomUUID(),
    userId: user.id,
    role,
    employeeId,
  });
  await markInvitationAccepted(client, tenantId, {id: invitation.id, userId: user.id});
  const row = {
    action: 'member.joined',
    entity: 'memberships',
    recordId: membership.id,
    userId: user.id,
    deviceId,
    summary: role === 'manager' ? 'Joined as a manager.' : 'Joined as an employee.',
    detail: null,
  };
  const group = await appendAudit(client, tenantId, [...before, row], {changesAccess: true});
  // With the counter held: whoever changes a record meanwhile is before this or after it.
  if (role === 'employee') await renewScope(client, tenantId, user.id);
  return {membership, group};
}

const isEmployeeTaken = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.constraint === EMPLOYEE_TAKEN;

/** The device first: it must be the user's before the tenant's counter is locked. */
async function commitActivation(
  client: pg.ClientBase,
  request: ActivationRequest & {deviceId: DeviceId},
): Promise<{membership: MembershipRow; group?: AuditGroup}> {
  const {user, tenantId, deviceId} = request;
  const standing = await readStanding(client, request);
  const rows = await registerDevice(client, tenantId, {deviceId, userId: user.id});
  await activateTenant(client, tenantId, deviceId);
  if (standing.kind === 'member') {
    const {membership} = standing;
    return rows.length === 0 ? {membership} : {membership, group: await appendAudit(client, tenantId, rows)};
  }
  try {
    return await join(client, request, {standing, before: rows});
  } catch (error) {
    if (!isEmployeeTaken(error)) throw error;
    throw new SyncError('employee_taken', {cause: error});
  }
}

/**
 * Makes the user a member if they are invited (by code, or else by their verified address), and the tenant the one
 * their device works in. A member already: only the latter, whatever the code. Throws SyncError `no_membership`
 * (also for a tenant that does not exist), `device_taken`, `device_revoked`,
 * `invitation_expired`, `invitation_revoked`, `invitation_used` or `employee_taken`.
 */
export async function activate(deps: ActivationDeps, request: ActivationRequest): Promise<Activation> {
  const {user, tenantId} = request;
  const deviceId = request.deviceId ?? implicitDeviceId(user.id);
  const standing = await withTenant(deps.pool, tenantId, (client) => readStanding(client, request));
  const change = {tenantId, userId: user.id, deviceId};
  if (standing.kind === 'invited' && standing.isNewEmployee && standing.employeeId !== null) {
    const displayName = user.name ?? user.email ?? 'New employee';
    const {employeeId} = standing;
    await deps.createEmployeeRecord({...change, employeeId, displayName, email: user.email});
  }
  const {membership, group} = await withTenant(deps.pool, tenantId, (client) =>
    commitActivation(client, {...request, deviceId}),
  );
  if (group !== undefined) deps.onAccessChanged(tenantId, group);
  const {role, employeeId} = membership;
  if (employeeId === null) return {tenantId, role};
  await deps.setEmployeeUser({...change, employeeId});
  return {tenantId, role, employeeId};
}
