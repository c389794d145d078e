import {describe, expect, it} from 'vitest';
import {createFailureLimit, subscriberOf} from './failure-limit.ts';

function openLimit(options: {failuresMax?: number; windowMs?: number; addressesMax?: number} = {}) {
  const clock = {ms: 1_700_000_000_000};
  const limit = createFailureLimit({
    now: () => clock.ms,
    failuresMax: 5,
    windowMs: 10_000,
    addressesMax: 3,
    ...options,
  });
  const fail = (address: string, times: number) => {
    for (let count = 0; count < times; count += 1) limit.record(address);
  };
  return {clock, limit, fail};
}

describe('createFailureLimit', () => {
  it('lets an address try until the allowed number of failures, not beyond', () => {
    const {limit, fail} = openLimit();
    fail('192.0.2.1', 4);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(0);
    fail('192.0.2.1', 1);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(2_000);
  });

  it('counts exactly when the window does not divide evenly', () => {
    const {limit, fail} = openLimit({failuresMax: 7});
    fail('192.0.2.1', 6);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(0);
    fail('192.0.2.1', 1);
    expect(limit.retryAfterMs('192.0.2.1')).toBeGreaterThan(0);
  });

  it('allows one more try exactly when it said', () => {
    const {clock, limit, fail} = openLimit();
    fail('192.0.2.1', 5);
    clock.ms += 1_999;
    expect(limit.retryAfterMs('192.0.2.1')).toBe(1);
    clock.ms += 1;
    expect(limit.retryAfterMs('192.0.2.1')).toBe(0);
    fail('192.0.2.1', 1);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(2_000);
  });

  it('forgives everything after a quiet window', () => {
    const {clock, limit, fail} = openLimit();
    fail('192.0.2.1', 5);
    clock.ms += 10_000;
    fail('192.0.2.1', 4);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(0);
  });

  it('never locks an address out for longer than one step, however many failures arrive at once', () => {
    const {limit, fail} = openLimit();
    fail('192.0.2.1', 1_000);
    expect(limit.retryAfterMs('192.0.2.1')).toBe(2_000);
  });

  it('does not hold one address responsible for another', () => {
    const {limit, fail} = openLimit();
    fail('192.0.2.1', 5);
    expect(limit.retryAfterMs('192.0.2.2')).toBe(0);
  });

  it('takes a whole IPv6 network for one address', () => {
    const {limit, fail} = openLimit();
    fail('2001:db8:1:2::1', 5);
    expect(limit.retryAfterMs('2001:db8:1:2:ffff::9')).toBeGreaterThan(0);
    expect(limit.retryAfterMs('2001:db8:1:3::1')).toBe(0);
  });

  it('remembers no more addresses than allowed, and forgets the one that failed longest ago', () => {
    const {limit, fail} = openLimit();
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) fail(address, 5);
    fail('192.0.2.1', 1);
    fail('192.0.2.4', 5);
    expect(limit.size()).toBe(3);
    expect(limit.retryAfterMs('192.0.2.2')).toBe(0);
    expect(limit.retryAfterMs('192.0.2.1')).toBeGreaterThan(0);
  });

  it('drops forgiven addresses', () => {
    const {clock, limit, fail} = openLimit();
    fail('192.0.2.1', 5);
    fail('192.0.2.2', 5);
    clock.ms += 10_000;
    fail('192.0.2.3', 1);
    expect(limit.size()).toBe(1);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['2001:0DB8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['unknown', 'unknown'],
])('knows the subscriber of %s as %s', (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});
