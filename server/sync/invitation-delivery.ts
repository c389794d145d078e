// Mailing invitations after they were committed, and withdrawing the mails. Nothing is locked while the sender is
// asked; what it did is noted in a transaction of its own.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {DeliveryFailure} from '#crdt/protocol/tenants.ts';
import {forgetClerkInvitation, noteClerkInvitation, type MailedInvitation} from '#db/invitations.ts';
import {withTenant} from '#db/transaction.ts';
import type {InvitationSender, OutgoingInvitation} from './invitation-sender.ts';

export interface DeliveryDeps {
  readonly pool: pg.Pool;
  /** Absent: nobody mails, and managers hand on the code. */
  readonly invitationSender?: InvitationSender | undefined;
}

export interface Delivered {
  readonly delivery: 'clerk' | 'code';
  /** Set only where it should have been mailed. */
  readonly deliveryFailure?: DeliveryFailure;
}

/**
 * Mails an invitation, again if it was before: the earlier mail's link is then withdrawn. Rejects only if the
 * database does.
 */
export async function deliver(deps: DeliveryDeps, invitation: OutgoingInvitation): Promise<Delivered> {
  const {invitationSender: sender} = deps;
  if (sender === undefined) return {delivery: 'code'};
  const sent = await sender.send(invitation, (id) => {
    // Without this nobody could withdraw that mail. Should it fail, it expires.
    note({...deps, sender}, invitation, id).catch(() => undefined);
  });
  if (!sent.ok) return {delivery: 'code', deliveryFailure: sent.failure};
  await note({...deps, sender}, invitation, sent.id);
  return {delivery: 'clerk'};
}

/** The invitation may have been revoked, accepted or sent again while it was being mailed. */
async function note(
  {pool, sender}: {pool: pg.Pool; sender: InvitationSender},
  {tenantId, invitationId: id}: OutgoingInvitation,
  clerkInvitationId: string,
): Promise<void> {
  const {isNoted, before} = await withTenant(pool, tenantId, (client) =>
    noteClerkInvitation(client, tenantId, {id, clerkInvitationId}),
  );
  if (!isNoted) await sender.withdraw(clerkInvitationId);
  else if (before !== null) await sender.withdraw(before);
}

/** A mail that could not be withdrawn stays noted, so that revoking again tries again. Rejects only if the database does. */
export async function withdrawMails(
  {pool, invitationSender: sender}: DeliveryDeps,
  {tenantId, mails}: {tenantId: TenantId; mails: readonly MailedInvitation[]},
): Promise<MailedInvitation[]> {
  if (sender === undefined) return [...mails];
  const left = await Promise.all(
    mails.map(async (mail) => {
      if (!(await sender.withdraw(mail.clerkInvitationId))) return [mail];
      await withTenant(pool, tenantId, (client) => forgetClerkInvitation(client, tenantId, mail));
      return [];
    }),
  );
  return left.flat();
}
