// Invitations that Clerk mails. Its link lets the person sign up; what they may then do follows from our own
// invitation, which their verified address finds.
import {z} from 'zod';
import type {DeliveryFailure} from '#crdt/protocol/tenants.ts';
import type {Logger} from '../logger.ts';
import type {InvitationSender, OutgoingInvitation} from '../sync/invitation-sender.ts';
import type {ClerkAnswer, ClerkApi, ClerkFailure} from './clerk-api.ts';

export interface InvitationMailDeps {
  readonly api: ClerkApi;
  readonly log: Logger;
  /** Page of the app that the link of the mail leads to. Absent: Clerk's own. */
  readonly redirectUrl: string | undefined;
}

/** The SDK takes any answer for an invitation. */
const invitationId = z.string().min(1).max(320);

const deliveryFailures: Readonly<Record<ClerkFailure, DeliveryFailure>> = {
  gone: 'refused',
  refused: 'refused',
  limited: 'limited',
  denied: 'unavailable',
  unavailable: 'unavailable',
};

export function createInvitationMail({api, log, redirectUrl}: InvitationMailDeps): InvitationSender {
  const tell = (message: string, answer: Extract<ClerkAnswer<never>, {ok: false}>): void => {
    const {failure, status, code} = answer;
    log[failure === 'denied' ? 'error' : 'warn'](message, {failure, status, clerkCode: code});
  };
  return {
    async send(invitation, onLate) {
      const answer = await api.ask(
        async ({invitations}) =>
          invitationId.parse((await invitations.createInvitation(paramsOf(invitation, redirectUrl))).id),
        onLate,
      );
      if (answer.ok) return {ok: true, id: answer.value};
      tell('Clerk did not mail an invitation', answer);
      return {ok: false, failure: deliveryFailures[answer.failure]};
    },
    async withdraw(id) {
      const answer = await api.ask(async ({invitations}) => {
        await invitations.revokeInvitation(id);
      });
      if (answer.ok || answer.failure === 'gone') return true;
      tell('Clerk did not withdraw an invitation', answer);
      return false;
    },
  };
}

function paramsOf(
  {tenantId, invitationId, email, days}: OutgoingInvitation,
  redirectUrl: string | undefined,
) {
  return {
    emailAddress: email,
    expiresInDays: days,
    notify: true,
    // Else Clerk's refusal would tell a manager who has an account, or was invited by another tenant.
    ignoreExisting: true,
    publicMetadata: {tenantId, invitationId},
    ...(redirectUrl === undefined
      ? {}
      : {redirectUrl: withQuery(redirectUrl, {tenant: tenantId, invitation: invitationId})}),
  };
}

/** So that the page knows which tenant to activate. */
function withQuery(url: string, members: Readonly<Record<string, string>>): string {
  const target = new URL(url);
  for (const [name, value] of Object.entries(members)) target.searchParams.set(name, value);
  return target.href;
}
