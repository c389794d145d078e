// Who the caller is.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {me} from '#crdt/protocol/tenants.ts';
import type {Member} from '../sync/members.ts';
import type {Caller} from './authenticate.ts';
import {userRoute, type RouteDeps} from './route.ts';

export function mountMe(deps: RouteDeps): void {
  userRoute(
    deps,
    {method: 'get', path: '/v1/me', summary: 'The user, and the member this request speaks for.', answer: me},
    async (caller) => {
      const {id, email, name} = caller.user;
      const member = await findMember(deps, caller);
      return {id, email, name, member: member && memberJson(member)};
    },
  );
}

const memberJson = ({tenantId, role, employeeId, deviceId}: Member) => ({
  tenantId,
  role,
  ...(employeeId === null ? {} : {employeeId}),
  deviceId,
});

/** Null where the request leaves the tenant open; a tenant that is named must be the caller's. */
async function findMember({service}: RouteDeps, {user, tenantId, deviceId}: Caller): Promise<Member | null> {
  try {
    return await service.members.resolveMember({userId: user.id, tenantId, deviceId});
  } catch (error) {
    const isOpen = error instanceof SyncError && ['no_membership', 'tenant_required'].includes(error.code);
    if (tenantId === undefined && isOpen) return null;
    throw error;
  }
}
