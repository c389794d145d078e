// Invitations after they were sent; managers only.
import {z} from 'zod';
import {recordId, tenantId} from '#crdt/protocol/ids.ts';
import {invitationsQuery, invitationsResponse, listedInvitation} from '#crdt/protocol/invitations.ts';
import {invitation} from '#crdt/protocol/tenants.ts';
import {listInvitations, resendInvitation, revokeInvitation} from '../sync/invitation-list.ts';
import {memberRoute, type RouteDeps} from './route.ts';
import {createLoggedDeps} from './tenants.ts';

const invitationPath = z.object({id: tenantId, invitationId: recordId});

export function mountInvitations(deps: RouteDeps): void {
  const {service} = deps;
  const changeDeps = createLoggedDeps(service);
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/tenants/{id}/invitations',
      summary: 'Who was invited, and what became of it. Never with a code.',
      params: z.object({id: tenantId}),
      query: invitationsQuery,
      tenantIn: 'path',
      answer: invitationsResponse,
      errors: ['forbidden', 'bad_cursor'],
    },
    (member, {query}) => listInvitations(service, member, query),
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/tenants/{id}/invitations/{invitationId}/resend',
      summary: 'A new code and a new term for an invitation; the old code no longer works.',
      params: invitationPath,
      tenantIn: 'path',
      answer: invitation,
      errors: ['forbidden', 'invitation_used', 'invitation_revoked'],
    },
    async (member, {params}) => {
      const sent = await resendInvitation(changeDeps, member, params.invitationId);
      return {...sent, expiresAt: sent.expiresAt.toISOString()};
    },
  );
  memberRoute(
    deps,
    {
      method: 'delete',
      path: '/v1/tenants/{id}/invitations/{invitationId}',
      summary: 'Withdraws an invitation that nobody has accepted.',
      params: invitationPath,
      tenantIn: 'path',
      answer: listedInvitation,
      errors: ['forbidden', 'invitation_used'],
    },
    (member, {params}) => revokeInvitation(changeDeps, member, params.invitationId),
  );
}
