// The members of a tenant: listing them, changing a role, removing somebody, leaving.
import {z} from 'zod';
import {tenantId, userId} from '#crdt/protocol/ids.ts';
import {member, membersQuery, membersResponse, roleBody} from '#crdt/protocol/members.ts';
import {listMembers} from '../sync/member-list.ts';
import {changeRole, removeMember} from '../sync/membership-changes.ts';
import {memberRoute, type RouteDeps} from './route.ts';
import {createActivationDeps} from './tenants.ts';

const memberPath = z.object({id: tenantId, userId});

export function mountMembers(deps: RouteDeps): void {
  const {service} = deps;
  const changeDeps = createActivationDeps(service);
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/tenants/{id}/members',
      summary: 'Who belongs to the tenant, or once did; managers only.',
      params: z.object({id: tenantId}),
      query: membersQuery,
      tenantIn: 'path',
      answer: membersResponse,
      errors: ['forbidden', 'bad_cursor'],
    },
    (caller, {query}) => listMembers(service, caller, query),
  );
  memberRoute(
    deps,
    {
      method: 'patch',
      path: '/v1/tenants/{id}/members/{userId}',
      summary: "Changes a member's role; managers only. Their connections end, and their devices read anew.",
      params: memberPath,
      body: roleBody,
      tenantIn: 'path',
      answer: member,
      errors: ['forbidden', 'last_manager'],
    },
    (caller, {params, body}) => changeRole(changeDeps, caller, {userId: params.userId, role: body.role}),
  );
  memberRoute(
    deps,
    {
      method: 'delete',
      path: '/v1/tenants/{id}/members/{userId}',
      summary: 'Removes a member; who is no manager may remove themselves only.',
      params: memberPath,
      tenantIn: 'path',
      answer: member,
      errors: ['forbidden', 'last_manager'],
    },
    (caller, {params}) => removeMember(changeDeps, caller, params.userId),
  );
}
