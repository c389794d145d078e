// What of Clerk the configuration switches on, besides verifying tokens.
import type {AuthConfig} from '../config.ts';
import type {Logger} from '../logger.ts';
import type {InvitationSender} from '../sync/invitation-sender.ts';
import type {FindProfile} from '../sync/users.ts';
import {createClerkApi} from './clerk-api.ts';
import {createInvitationMail} from './invitation-mail.ts';
import {createProfiles} from './profiles.ts';

export interface Clerk {
  readonly findProfile?: FindProfile;
  readonly forgetProfile?: (subject: string) => void;
  readonly invitationSender?: InvitationSender;
  readonly webhookSigningSecret?: string;
}

/** Asks nothing yet. now: ms since epoch. */
export function openClerk(auth: AuthConfig, {log, now}: {log: Logger; now: () => number}): Clerk {
  if (auth.kind !== 'clerk') return {};
  const {secretKey, apiUrl, webhookSigningSecret, invitationRedirectUrl: redirectUrl} = auth;
  const webhooks = webhookSigningSecret === undefined ? {} : {webhookSigningSecret};
  if (secretKey === undefined) return webhooks;
  const api = createClerkApi({secretKey, apiUrl});
  const profiles = createProfiles({api, log, now});
  return {
    ...webhooks,
    findProfile: profiles.find,
    forgetProfile: profiles.forget,
    invitationSender: createInvitationMail({api, log, redirectUrl}),
  };
}
