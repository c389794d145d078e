// Inviting somebody into a tenant.
import {randomUUID} from 'node:crypto';
import {z} from 'zod';
import {email} from '#crdt/entities/field-schemas.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {recordId, type TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import {insertInvitation, revokeInvitationsTo} from '#db/invitations.ts';
import {isFreeEmployee} from '#db/memberships.ts';
import {withTenant} from '#db/transaction.ts';
import {deliver, withdrawMails, type Delivered, type DeliveryDeps} from './invitation-delivery.ts';
import {hashInvitationCode, makeInvitationCode} from './invitation-code.ts';
import type {Member} from './members.ts';
import {requireManagerInside} from './require-manager.ts';

export const INVITATION_DAYS = 7;

export const inviteBody = z.strictObject({
  email: email.transform((address) => address.toLowerCase()),
  role: z.enum(['manager', 'employee']),
  /** The `employees` record the invited person works as. Absent, an employee gets a new one. */
  employeeId: recordId.optional(),
});

export interface Invitation extends Delivered {
  readonly id: string;
  /** Told this once. */
  readonly code: string;
  readonly expiresAt: Date;
}

/**
 * Throws SyncError `forbidden` unless `member` is a manager when it commits, and `bad_request` for an employee who
 * does not exist or is a member already. An earlier invitation to the same address is revoked. Mailed after the commit,
 * where somebody mails: that it was not is no error, but said in the answer.
 */
export async function invite(
  deps: DeliveryDeps & {
    /** Called after the commit. */
    readonly onLogged?: (tenantId: TenantId, group: AuditGroup) => void;
  },
  member: Member,
  {email: address, role, employeeId}: z.output<typeof inviteBody>,
): Promise<Invitation> {
  const {tenantId, userId, deviceId} = member;
  const [id, code] = [randomUUID(), makeInvitationCode()];
  const {expiresAt, replaced, group} = await withTenant(deps.pool, tenantId, async (client) => {
    await requireManagerInside(client, member);
    if (employeeId !== undefined && !(await isFreeEmployee(client, tenantId, employeeId))) {
      const message = 'The employee does not exist, or is a member already.';
      throw new SyncError('bad_request', {message, details: {fields: {employeeId: message}}});
    }
    const replaced = await revokeInvitationsTo(client, tenantId, address);
    const expiry = await insertInvitation(client, tenantId, {
      id,
      email: address,
      role,
      employeeId: employeeId ?? null,
      codeHash: hashInvitationCode(code),
      createdBy: userId,
      days: INVITATION_DAYS,
    });
    const row = {
      action: 'member.invited',
      entity: 'invitations',
      recordId: id,
      userId,
      deviceId,
      summary: role === 'manager' ? 'Invited a manager.' : 'Invited an employee.',
      detail: null,
    };
    return {expiresAt: expiry, replaced, group: await appendAudit(client, tenantId, [row])};
  });
  deps.onLogged?.(tenantId, group);
  const [delivered] = await Promise.all([
    deliver(deps, {tenantId, invitationId: id, email: address, days: INVITATION_DAYS}),
    withdrawMails(deps, {tenantId, mails: replaced}),
  ]);
  return {id, code, expiresAt, ...delivered};
}
