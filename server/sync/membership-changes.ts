// A member gets another role, is removed, or leaves. Nobody may take the last manager away, and what they decided on
// before no longer holds from the commit on: lanes decide again, sockets end, cursors ask for everything anew.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {recordId, type RecordId, type UserId} from '#crdt/protocol/ids.ts';
import type {MemberJson} from '#crdt/protocol/members.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import {revokeInvitationsOf} from '#db/invitations.ts';
import {changeMembership, findMember, lockManagersAnd, type HeldMembership} from '#db/memberships.ts';
import {renewScope} from '#db/scope.ts';
import {withTenant} from '#db/transaction.ts';
import type {ActivationDeps} from './activation.ts';
import {derivedUuid} from './devices.ts';
import {memberJson} from './member-list.ts';
import type {Member} from './members.ts';
import {requireManager} from './require-manager.ts';

interface Wanted {
  readonly userId: UserId;
  readonly becomes: Role | 'removed';
}

/** Locks all that the decision rests on, and answers the membership to change. */
async function judge(
  client: pg.ClientBase,
  {tenantId, userId: actorId}: Member,
  {userId, becomes}: Wanted,
): Promise<HeldMembership> {
  const held = await lockManagersAnd(client, tenantId, [actorId, userId]);
  const actor = held.find((membership) => membership.userId === actorId);
  const target = held.find((membership) => membership.userId === userId);
  if (actor?.status !== 'active') throw new SyncError('no_membership');
  const isLeaving = becomes === 'removed' && userId === actorId;
  if (actor.role !== 'manager' && !isLeaving) throw new SyncError('forbidden');
  if (target === undefined || (target.status === 'removed' && becomes !== 'removed'))
    throw new SyncError('not_found');
  const isManager = ({role, status}: HeldMembership): boolean => role === 'manager' && status === 'active';
  const isLast = isManager(target) && held.filter(isManager).length === 1;
  if (isLast && becomes !== 'manager') throw new SyncError('last_manager');
  return target;
}

/** The person as the list shows them, and what was logged, if anything changed. */
interface Changed {
  readonly member: MemberJson;
  readonly group: AuditGroup | null;
}

async function commitChange(
  client: pg.ClientBase,
  actor: Member,
  {wanted, employeeId}: {wanted: Wanted; employeeId: RecordId | null},
): Promise<Changed> {
  const {tenantId} = actor;
  const {userId, becomes} = wanted;
  // Before the memberships are locked: who accepts an invitation locks in this order too.
  if (becomes === 'removed') await revokeInvitationsOf(client, tenantId, userId);
  const target = await judge(client, actor, wanted);
  const role = becomes === 'removed' ? target.role : becomes;
  const status = becomes === 'removed' ? 'removed' : 'active';
  const isSame = role === target.role && status === target.status;
  if (!isSame) {
    const kept = target.employeeId ?? employeeId;
    await changeMembership(client, tenantId, {userId, role, status, employeeId: kept});
  }
  const row = await findMember(client, tenantId, userId);
  if (row === undefined) throw new Error('A membership has gone while it was locked');
  const group = isSame ? null : await log(client, actor, {target, becomes});
  // With the counter held: whoever changes a record meanwhile is before this or after it.
  if (!isSame && becomes === 'employee') await renewScope(client, tenantId, userId);
  return {member: memberJson(row), group};
}

function log(
  client: pg.ClientBase,
  {tenantId, userId, deviceId}: Member,
  {target, becomes}: {target: HeldMembership; becomes: Wanted['becomes']},
): Promise<AuditGroup> {
  const [action, summary] =
    becomes === 'removed'
      ? target.userId === userId
        ? ['member.left', 'Left the tenant.']
        : ['member.removed', 'Removed a member.']
      : [
          'member.role_changed',
          becomes === 'manager' ? 'Made an employee a manager.' : 'Made a manager an employee.',
        ];
  const row = {action, summary, entity: 'memberships', recordId: target.id, userId, deviceId, detail: null};
  return appendAudit(client, tenantId, [row], {changesAccess: true});
}

/**
 * Throws SyncError `forbidden` unless `actor` is a manager when it commits, `not_found` for who is no member, and
 * `last_manager`. A manager who becomes an employee without having a record gets one. The role they have already
 * changes nothing.
 */
export async function changeRole(
  deps: ActivationDeps,
  actor: Member,
  {userId, role}: {userId: UserId; role: Role},
): Promise<MemberJson> {
  requireManager(actor);
  const {tenantId, deviceId} = actor;
  const wanted = {userId, becomes: role};
  const employeeId = role === 'employee' ? await ensureEmployee(deps, actor, wanted) : null;
  const {member, group} = await withTenant(deps.pool, tenantId, (client) =>
    commitChange(client, actor, {wanted, employeeId}),
  );
  if (group !== null) deps.onAccessChanged(tenantId, group);
  if (employeeId !== null)
    await deps.setEmployeeUser({tenantId, employeeId, userId, deviceId, by: actor.userId});
  return member;
}

/** The record the member will work as, made if there is none. Judged first, so that no refusal leaves one behind. */
async function ensureEmployee(deps: ActivationDeps, actor: Member, wanted: Wanted): Promise<RecordId> {
  const {tenantId, deviceId} = actor;
  const {userId} = wanted;
  const {id, known, person} = await withTenant(deps.pool, tenantId, async (client) => {
    const target = await judge(client, actor, wanted);
    return {id: target.id, known: target.employeeId, person: await findMember(client, tenantId, userId)};
  });
  if (known !== null) return known;
  // Derived, so that a change that is repeated finds the record of the first attempt.
  const employeeId = recordId.parse(derivedUuid('employee of membership', tenantId, id));
  const displayName = person?.name ?? person?.email ?? 'New employee';
  const change = {tenantId, employeeId, userId, deviceId, by: actor.userId};
  await deps.createEmployeeRecord({...change, displayName, email: person?.email ?? null});
  return employeeId;
}

/**
 * A manager removes anybody, everybody may remove themselves. What was still open of invitations to their address
 * is withdrawn. Throws SyncError as `changeRole`; who is removed already stays so.
 */
export async function removeMember(
  deps: Pick<ActivationDeps, 'pool' | 'onAccessChanged'>,
  actor: Member,
  userId: UserId,
): Promise<MemberJson> {
  const {tenantId} = actor;
  if (actor.role !== 'manager' && actor.userId !== userId) throw new SyncError('forbidden');
  const wanted = {userId, becomes: 'removed'} as const;
  const {member, group} = await withTenant(deps.pool, tenantId, (client) =>
    commitChange(client, actor, {wanted, employeeId: null}),
  );
  if (group !== null) deps.onAccessChanged(tenantId, group);
  return member;
}
