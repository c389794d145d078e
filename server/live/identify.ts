// Who a connection speaks for. Asked when it opens and when its token is renewed; throws SyncError.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import type {TokenVerifier} from '../auth/verify-token.ts';
import type {Member} from '../sync/members.ts';
import type {Service} from '../sync/service.ts';

export interface IdentifyDeps {
  readonly service: Pick<Service, 'users' | 'members'>;
  readonly verifier: Pick<TokenVerifier, 'verify'>;
}

export interface Identity {
  readonly member: Member;
  readonly expiresAtMs: number;
}

export async function identify(
  {service, verifier}: IdentifyDeps,
  claim: {token: string; tenantId: TenantId | undefined; deviceId: DeviceId | undefined},
): Promise<Identity> {
  const {token, tenantId, deviceId} = claim;
  const verified = await verifier.verify(token);
  if (!verified.ok) throw new SyncError(verified.code);
  const {expiresAtMs, ...claims} = verified.claims;
  const user = await service.users.resolveUser(claims);
  return {member: await service.members.resolveMember({userId: user.id, tenantId, deviceId}), expiresAtMs};
}

/** Whether a connection opened for one may go on as the other. */
export const isSameMembership = (a: Member, b: Member): boolean =>
  a.membershipId === b.membershipId &&
  a.roleVersion === b.roleVersion &&
  a.role === b.role &&
  a.employeeId === b.employeeId;

/** Throws unless the membership still is what the connection was opened with. */
export async function assertStillMember({members}: Pick<Service, 'members'>, member: Member): Promise<void> {
  const {userId, tenantId, deviceId} = member;
  const current = await members.resolveMember({userId, tenantId, deviceId});
  if (!isSameMembership(current, member)) throw new SyncError('membership_changed');
}
