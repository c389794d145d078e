// A tenant lets go of somebody whose account no longer exists. Nobody is asked whether they were the last manager: the
// person cannot come back, and a membership that nobody can use would only hide that.
import type pg from 'pg';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import type {AuditRow} from '#db/audit-chain.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import {revokeDevicesOf} from '#db/devices.ts';
import {revokeInvitationsOf} from '#db/invitations.ts';
import {changeMembership, lockManagersAnd, type HeldMembership} from '#db/memberships.ts';
import {withTenant} from '#db/transaction.ts';

export interface AccountRemoval {
  /** Null: there was nothing left to do. */
  readonly group: AuditGroup | null;
  /** This removal left the tenant without a manager. */
  readonly isManagerless: boolean;
}

/** In the order of locks of who accepts an invitation: invitations, memberships, devices, the counter. */
export function removeAccount(
  {pool}: {pool: pg.Pool},
  {tenantId, userId}: {tenantId: TenantId; userId: UserId},
): Promise<AccountRemoval> {
  return withTenant(pool, tenantId, async (client) => {
    await revokeInvitationsOf(client, tenantId, userId);
    const held = await lockManagersAnd(client, tenantId, [userId]);
    const target = held.find((membership) => membership.userId === userId);
    const isLeaving = target?.status === 'active';
    if (isLeaving) await changeMembership(client, tenantId, {...target, status: 'removed'});
    const rows: AuditRow[] = isLeaving ? [memberRow(target)] : [];
    for (const id of await revokeDevicesOf(client, tenantId, userId)) rows.push(deviceRow(id));
    const isManager = ({role, status}: HeldMembership): boolean => role === 'manager' && status === 'active';
    return {
      group: rows.length === 0 ? null : await appendAudit(client, tenantId, rows, {changesAccess: true}),
      isManagerless: isLeaving && isManager(target) && held.filter(isManager).length === 1,
    };
  });
}

/** Nobody of the tenant did it. */
const nobody = {userId: null, deviceId: null, detail: null};

const memberRow = ({id}: HeldMembership): AuditRow => ({
  ...nobody,
  action: 'member.removed',
  entity: 'memberships',
  recordId: id,
  summary: 'Removed a member whose account was deleted.',
});

const deviceRow = (id: string): AuditRow => ({
  ...nobody,
  action: 'device.revoked',
  entity: 'devices',
  recordId: id,
  summary: 'Revoked a device whose account was deleted.',
});
