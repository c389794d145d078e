// Slows down an address whose tokens keep failing, so that guessing and floods of forged tokens stay cheap
// for us. Asked before a token is verified, told after it failed. One number per address: the time at which
// all its failures are forgiven (the generic cell rate algorithm).
import {isIPv4, isIPv6} from 'node:net';
import {AUTH_FAILURE_ADDRESSES_MAX, AUTH_FAILURES_MAX, AUTH_FAILURES_WINDOW_MS} from './auth-limits.ts';

export interface FailureLimit {
  /** ms until this address may try again; 0 if it may now. */
  retryAfterMs(address: string): number;
  /** Counts one failed authentication. */
  record(address: string): void;
  /** Addresses remembered now. */
  size(): number;
}

export interface FailureLimitOptions {
  /** ms since epoch. */
  readonly now: () => number;
  /** Failures allowed at once; this many are forgiven, evenly, per `windowMs`. */
  readonly failuresMax?: number;
  readonly windowMs?: number;
  readonly addressesMax?: number;
}

/** The eight groups of an IPv6 address, as typed but for leading zeros. */
function expandGroups(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left;
  const right = tail === '' ? [] : tail.split(':');
  return [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
}

/**
 * What one subscriber holds: an IPv4 address, or the /64 of an IPv6 address, since anyone with IPv6 has
 * 2^64 addresses to fail from.
 */
export function subscriberOf(address: string): string {
  const plain = address.toLowerCase().replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(plain)) return plain;
  const network = expandGroups(plain).slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** Starts with nobody limited. Keeps at most `addressesMax` addresses, forgetting the one that failed longest ago. */
export function createFailureLimit(options: FailureLimitOptions): FailureLimit {
  const {now, addressesMax = AUTH_FAILURE_ADDRESSES_MAX} = options;
  const {failuresMax = AUTH_FAILURES_MAX, windowMs = AUTH_FAILURES_WINDOW_MS} = options;
  /** What one failure costs. Whole, so that sums of it stay exact. */
  const costMs = Math.max(1, Math.floor(windowMs / failuresMax));
  /** Least recent failure first, which also is about the order in which they are forgiven. */
  const forgivenAtBySubscriber = new Map<string, number>();

  const dropForgiven = (): void => {
    const nowMs = now();
    for (const [subscriber, forgivenAt] of forgivenAtBySubscriber) {
      if (forgivenAt > nowMs && forgivenAtBySubscriber.size <= addressesMax) return;
      forgivenAtBySubscriber.delete(subscriber);
    }
  };

  return {
    retryAfterMs(address) {
      const forgivenAt = forgivenAtBySubscriber.get(subscriberOf(address));
      if (forgivenAt === undefined) return 0;
      // An address may try while one more failure would still fit into the window.
      return Math.max(0, forgivenAt + costMs - windowMs - now());
    },
    record(address) {
      const subscriber = subscriberOf(address);
      const nowMs = now();
      const forgivenAt = Math.max(forgivenAtBySubscriber.get(subscriber) ?? nowMs, nowMs);
      forgivenAtBySubscriber.delete(subscriber);
      // Requests already under way when the limit was hit must not lock the address out for longer than a window.
      forgivenAtBySubscriber.set(subscriber, Math.min(forgivenAt + costMs, nowMs + windowMs));
      dropForgiven();
    },
    size: () => forgivenAtBySubscriber.size,
  };
}
