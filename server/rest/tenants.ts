// Making tenants, inviting people into them, and joining.
import {z} from 'zod';
import {tenantId, type TenantId} from '#crdt/protocol/ids.ts';
import {activation, invitation, tenant, tenantsQuery, tenantsResponse} from '#crdt/protocol/tenants.ts';
import {activate, activateBody, type ActivationDeps} from '../sync/activation.ts';
import {createEmployeeRecords} from '../sync/employee-records.ts';
import {invite, inviteBody} from '../sync/invitations.ts';
import {tenantJson} from '../sync/me.ts';
import {requireManager} from '../sync/require-manager.ts';
import {createTenant, createTenantBody, listTenants} from '../sync/tenants.ts';
import type {Service} from '../sync/service.ts';
import {deviceOfBody, memberRoute, userRoute, type RouteDeps} from './route.ts';

const tenantPath = z.object({id: tenantId});

export function mountTenants(deps: RouteDeps): void {
  mountOwnTenants(deps);
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/tenants/{id}/invite',
      summary: 'Invites somebody by address; managers only. The code is told this once.',
      params: tenantPath,
      body: inviteBody,
      tenantIn: 'path',
      answer: invitation,
      status: 201,
      errors: ['forbidden'],
    },
    async (member, {body}) => {
      requireManager(member);
      const made = await invite(createLoggedDeps(service), member, body);
      return {...made, expiresAt: made.expiresAt.toISOString()};
    },
  );
  const activationDeps = createActivationDeps(service);
  userRoute(
    deps,
    {
      method: 'post',
      path: '/v1/tenants/{id}/activate',
      summary: 'Accepts an invitation, and makes the tenant the one the device works in.',
      params: tenantPath,
      body: activateBody,
      answer: activation,
      description:
        'A verified address that matches needs no code. Members call it too, to choose the tenant of a device.',
      errors: [
        'no_membership',
        'invitation_expired',
        'invitation_revoked',
        'invitation_used',
        'employee_taken',
        'device_taken',
        'device_revoked',
      ],
    },
    async (caller, {params, body}) => {
      const {user} = caller;
      const deviceId = deviceOfBody(body, caller);
      const {inviteCode} = body;
      const answer = await activate(activationDeps, {user, tenantId: params.id, deviceId, inviteCode});
      service.members.forgetUser(user.id);
      return answer;
    },
  );
}

/** Told after commits that are about something else than records and access. */
export const createLoggedDeps = ({pool, fanOut, invitationSender}: Service) => ({
  pool,
  invitationSender,
  onLogged: (tenant: TenantId, {lastSeq}: {lastSeq: number}): void => fanOut.hinted(tenant, lastSeq),
});

export function createActivationDeps(service: Service): ActivationDeps {
  return {
    pool: service.pool,
    ...createEmployeeRecords(service),
    onAccessChanged(tenant, {lastSeq, accessVersion}) {
      service.accessChanged(tenant, accessVersion);
      service.fanOut.hinted(tenant, lastSeq);
    },
  };
}

function mountOwnTenants(deps: RouteDeps): void {
  const {service} = deps;
  userRoute(
    deps,
    {
      method: 'get',
      path: '/v1/tenants',
      summary: 'The tenants the user is a member of.',
      query: tenantsQuery,
      answer: tenantsResponse,
    },
    async ({user}, {query}) => {
      const {since: after, limit} = query;
      const {items, hasMore} = await listTenants(service, {userId: user.id, after, limit});
      return {items: items.map(tenantJson), nextCursor: items.at(-1)?.id ?? after ?? null, hasMore};
    },
  );
  userRoute(
    deps,
    {
      method: 'post',
      path: '/v1/tenants',
      summary: 'Makes a tenant; the caller is its manager.',
      body: createTenantBody,
      answer: tenant,
      status: 201,
    },
    async ({user}, {body}) => {
      const made = await createTenant(service, {userId: user.id, name: body.name});
      service.members.forgetUser(user.id);
      return made;
    },
  );
}
