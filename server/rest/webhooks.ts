// Where outside services deliver their events. What they send is signed, and that is all that lets them in.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {webhookAnswer} from '#crdt/protocol/webhooks.ts';
import {clerkEvent, readClerkWebhook} from '../clerk/webhook.ts';
import {takeAccountEvent} from '../sync/account-events.ts';
import {signedErrors, signedRoute, type RouteDeps} from './route.ts';
import {createActivationDeps} from './tenants.ts';

export function mountWebhooks(deps: RouteDeps): void {
  const {service, log, clerk} = deps;
  const {pool, users, revokedTokens, bus} = service;
  const {onAccessChanged} = createActivationDeps(service);
  const eventDeps = {
    pool,
    users,
    revokedTokens,
    bus,
    onAccessChanged,
    forgetProfile: clerk?.forgetProfile ?? (() => undefined),
    onManagerless: (tenantId: string) => log.warn('a tenant has lost its last manager', {tenantId}),
  };
  signedRoute(
    deps,
    {
      method: 'post',
      path: '/v1/webhooks/clerk',
      summary: "Takes an event of Clerk's.",
      description:
        'Signed by Svix: `svix-id`, `svix-timestamp`, `svix-signature`. `user.deleted` removes the memberships and devices of the user, `user.updated` refreshes name and address, `session.ended`, `session.removed` and `session.revoked` end the sockets of that session and refuse its tokens. Any other type is ignored. 404 where no signing secret is configured.',
      documentedBody: clerkEvent,
      answer: webhookAnswer,
      errors: signedErrors,
    },
    (signed) => {
      const secret = clerk?.webhookSigningSecret;
      if (secret === undefined) throw new SyncError('not_found');
      return readClerkWebhook(signed, secret);
    },
    async ({id, event}) => {
      if (event === null) return {outcome: 'ignored' as const};
      return {outcome: await takeAccountEvent(eventDeps, {provider: 'clerk', id}, event)};
    },
  );
}
