// Who the caller is, where they belong, and what this request speaks for.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {LIST_LIMIT_MAX} from '#crdt/protocol/limits.ts';
import type {Me} from '#crdt/protocol/me.ts';
import {findActiveTenant, findDevice} from '#db/devices.ts';
import type {OwnTenant} from '#db/memberships.ts';
import {withTenant} from '#db/transaction.ts';
import {deviceJson} from './device-list.ts';
import {implicitDeviceId} from './devices.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';
import {listTenants} from './tenants.ts';
import type {User} from './users.ts';

type MeDeps = Pick<Service, 'pool' | 'members'>;

export interface MeRequest {
  readonly user: User;
  readonly tenantId: TenantId | undefined;
  readonly deviceId: DeviceId | undefined;
}

/** Throws SyncError `no_membership` for a tenant that is named and not the user's, `device_taken`, `device_revoked`. */
export async function describeCaller(deps: MeDeps, request: MeRequest): Promise<Me> {
  const {pool} = deps;
  const {id, email, name} = request.user;
  const deviceId = request.deviceId ?? implicitDeviceId(id);
  // First, since it registers the device on its first use.
  const member = await findMember(deps, request);
  const [{items}, active, device] = await Promise.all([
    listTenants(deps, {userId: id, limit: LIST_LIMIT_MAX}),
    findActiveTenant(pool, {deviceId, userId: id}),
    member && withTenant(pool, member.tenantId, (client) => findDevice(client, member.tenantId, deviceId)),
  ]);
  return {
    id,
    email,
    name,
    tenants: items.map(tenantJson),
    // One that the user has left since is active no longer.
    activeTenantId: items.some((tenant) => tenant.id === active) ? active : null,
    member: member && memberJson(member),
    device: member && device ? deviceJson(device, member) : null,
  };
}

export const tenantJson = ({id, name, role, employeeId}: OwnTenant) => ({
  id,
  name,
  role,
  ...(employeeId === null ? {} : {employeeId}),
});

const memberJson = ({tenantId, role, employeeId, deviceId}: Member) => ({
  tenantId,
  role,
  ...(employeeId === null ? {} : {employeeId}),
  deviceId,
});

/** Null where the request leaves the tenant open; a tenant that is named must be the caller's. */
async function findMember({members}: MeDeps, {user, tenantId, deviceId}: MeRequest): Promise<Member | null> {
  try {
    return await members.resolveMember({userId: user.id, tenantId, deviceId});
  } catch (error) {
    const isOpen = error instanceof SyncError && ['no_membership', 'tenant_required'].includes(error.code);
    if (tenantId === undefined && isOpen) return null;
    throw error;
  }
}
