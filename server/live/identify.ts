// Who a connection speaks for. Asked when it opens and when its token is renewed; throws SyncError.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import type {FailureLimit} from '../auth/failure-limit.ts';
import type {TokenVerifier} from '../auth/verify-token.ts';
import type {Member} from '../sync/members.ts';
import type {SignIn} from '../sync/revoked-tokens.ts';
import type {Service} from '../sync/service.ts';

export interface IdentifyDeps {
  readonly service: Pick<Service, 'users' | 'members' | 'revokedTokens'>;
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  readonly failures: FailureLimit;
}

export interface Claim {
  readonly token: string;
  readonly tenantId: TenantId | undefined;
  readonly deviceId: DeviceId | undefined;
  /** Of the caller. */
  readonly address: string;
}

export interface Identity {
  readonly member: Member;
  readonly signIn: SignIn;
  /** Of the token, ms since epoch. */
  readonly expiresAtMs: number;
}

export async function identify(
  {service, verifier, failures}: IdentifyDeps,
  {token, tenantId, deviceId, address}: Claim,
): Promise<Identity> {
  if (failures.retryAfterMs(address) > 0) throw new SyncError('rate_limited');
  const verified = await verifier.verify(token);
  if (!verified.ok) {
    // An expired token guesses at nothing: stock providers try theirs again until the app hands them another.
    if (verified.code === 'unauthenticated') failures.record(address);
    throw new SyncError(verified.code);
  }
  const {expiresAtMs, ...claims} = verified.claims;
  service.revokedTokens.assertGood(claims);
  const user = await service.users.resolveUser(claims);
  const member = await service.members.resolveMember({userId: user.id, tenantId, deviceId});
  return {member, signIn: claims, expiresAtMs};
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
  const current = await members.resolveMember({userId, tenantId, deviceId}).catch((error: unknown) => {
    // It was one when the connection opened.
    const isOver = error instanceof SyncError && error.code === 'no_membership';
    throw isOver ? new SyncError('membership_changed', {cause: error}) : error;
  });
  if (!isSameMembership(current, member)) throw new SyncError('membership_changed');
}
