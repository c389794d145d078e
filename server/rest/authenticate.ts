// Who asks: bearer token -> user, then with the headers that choose tenant and device -> member. Addresses whose
// tokens keep failing are held off before any is verified.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {deviceId, tenantId, type DeviceId, type TenantId} from '#crdt/protocol/ids.ts';
import {parseBearer} from '../auth/bearer.ts';
import type {FailureLimit} from '../auth/failure-limit.ts';
import type {TokenVerifier} from '../auth/verify-token.ts';
import type {Service} from '../sync/service.ts';
import type {User} from '../sync/users.ts';
import {badRequest} from './problem.ts';

/** A user, and what the request chose by its headers. */
export interface Caller {
  readonly user: User;
  readonly tenantId: TenantId | undefined;
  readonly deviceId: DeviceId | undefined;
}

export interface AuthenticateDeps {
  readonly service: Pick<Service, 'users' | 'revokedTokens'>;
  readonly verifier: TokenVerifier;
  readonly failures: FailureLimit;
}

/**
 * Throws SyncError `rate_limited`, `unauthenticated`, `token_expired`, `session_pending`, `session_revoked`, or
 * `bad_request` for a header that is no UUID.
 */
export async function authenticate(
  deps: AuthenticateDeps,
  headers: Headers,
  address: string,
): Promise<Caller> {
  const {service, verifier, failures} = deps;
  const retryAfterMs = failures.retryAfterMs(address);
  if (retryAfterMs > 0) throw new SyncError('rate_limited', {details: {retryAfterMs}});
  const authorization = headers.get('authorization');
  // Nothing was tried, so nothing is counted.
  if (authorization === null) throw new SyncError('unauthenticated');
  const token = parseBearer(authorization);
  const result =
    token === undefined ? ({ok: false, code: 'unauthenticated'} as const) : await verifier.verify(token);
  if (!result.ok) {
    failures.record(address);
    throw new SyncError(result.code);
  }
  service.revokedTokens.assertGood(result.claims);
  const chosen = {
    tenantId: readId(headers, 'X-Tenant-Id', tenantId),
    deviceId: readId(headers, 'X-Device-Id', deviceId),
  };
  return {user: await service.users.resolveUser(result.claims), ...chosen};
}

function readId<Id>(
  headers: Headers,
  name: string,
  schema: {safeParse(text: string): {success: true; data: Id} | {success: false}},
): Id | undefined {
  const text = headers.get(name);
  if (text === null) return undefined;
  const read = schema.safeParse(text);
  if (!read.success) throw badRequest({[name]: 'must be a UUID'});
  return read.data;
}
