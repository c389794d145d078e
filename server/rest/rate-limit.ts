// How often a user, a device and a tenant may ask. Every tenant has a bucket of its own, so a busy one takes nothing
// from the others; a device that floods is stopped by its own bucket before it reaches its tenant's.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {
  DEVICE_REQUESTS_BURST,
  DEVICE_REQUESTS_PER_SECOND,
  RATE_KEYS_MAX,
  TENANT_REQUESTS_BURST,
  TENANT_REQUESTS_PER_SECOND,
  USER_REQUESTS_BURST,
  USER_REQUESTS_PER_SECOND,
} from '#crdt/protocol/limits.ts';
import type {Member} from '../sync/members.ts';
import {createTokenBuckets, type Rate, type Taken, type TokenBuckets} from '../token-buckets.ts';

export type RateName = 'user' | 'device' | 'tenant';

export const requestRates: Readonly<Record<RateName, Rate>> = {
  user: {perSecond: USER_REQUESTS_PER_SECOND, burst: USER_REQUESTS_BURST},
  device: {perSecond: DEVICE_REQUESTS_PER_SECOND, burst: DEVICE_REQUESTS_BURST},
  tenant: {perSecond: TENANT_REQUESTS_PER_SECOND, burst: TENANT_REQUESTS_BURST},
};

/** What one request found in one bucket. */
export interface RateState extends Taken {
  readonly name: RateName;
  readonly rate: Rate;
}

export interface RateLimits {
  /** Counts a request of a user, member or not. */
  ofUser(userId: string): RateState[];
  /** Counts it for device and tenant too. Ends with the one that refuses, if any does. */
  ofMember(member: Pick<Member, 'tenantId' | 'deviceId'>): RateState[];
}

/** now: ms since epoch. */
export function createRateLimits({
  now,
  rates = requestRates,
  keysMax = RATE_KEYS_MAX,
}: {
  now: () => number;
  rates?: Readonly<Record<RateName, Rate>>;
  keysMax?: number;
}): RateLimits {
  const buckets: Readonly<Record<RateName, TokenBuckets>> = {
    user: createTokenBuckets(rates.user, {now, keysMax}),
    device: createTokenBuckets(rates.device, {now, keysMax}),
    tenant: createTokenBuckets(rates.tenant, {now, keysMax}),
  };
  const take = (name: RateName, key: string): RateState => ({
    ...buckets[name].take(key),
    name,
    rate: rates[name],
  });
  return {
    ofUser: (userId) => [take('user', userId)],
    ofMember({tenantId, deviceId}) {
      const device = take('device', `${tenantId} ${deviceId}`);
      return device.isTaken ? [device, take('tenant', tenantId)] : [device];
    },
  };
}

/** Throws SyncError `rate_limited` if one of them refused. */
export function requireRate(states: readonly RateState[]): void {
  const refused = states.find(({isTaken}) => !isTaken);
  if (refused === undefined) return;
  throw new SyncError('rate_limited', {details: {limit: refused.name, retryAfterMs: refused.waitMs}});
}

/** The one that will refuse first. */
const tightest = (states: readonly RateState[]): RateState | undefined =>
  [...states].sort((a, b) => a.left / a.rate.burst - b.left / b.rate.burst)[0];

const seconds = (ms: number): string => String(Math.ceil(ms / 1_000));

/**
 * Of the bucket nearest to its end, in the words of the current draft (`RateLimit`, `RateLimit-Policy`) and of the
 * earlier ones that most clients know.
 */
export function rateHeaders(states: readonly RateState[]): Record<string, string> {
  const state = tightest(states);
  if (state === undefined) return {};
  const {name, rate, left, fullInMs} = state;
  const {burst, perSecond} = rate;
  const resetSeconds = seconds(fullInMs);
  return {
    'ratelimit-policy': `"${name}";q=${burst};w=${seconds((burst / perSecond) * 1_000)}`,
    ratelimit: `"${name}";r=${left};t=${resetSeconds}`,
    'ratelimit-limit': String(burst),
    'ratelimit-remaining': String(left),
    'ratelimit-reset': resetSeconds,
  };
}
