import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {deviceId, tenantId, userId} from '#crdt/protocol/ids.ts';
import {createFrameRates, type FrameRate, type FrameSender} from './frame-rates.ts';

const plenty = {perSecond: 10, burst: 1_000};

function setUp(small: Partial<Record<FrameRate, number>>) {
  const clock = {ms: 1_000_000};
  const rate = (name: FrameRate) => ({...plenty, burst: small[name] ?? plenty.burst});
  const rates = {device: rate('device'), user: rate('user'), tenant: rate('tenant')};
  return {clock, frames: createFrameRates({now: () => clock.ms, rates})};
}

const newTenant = () => tenantId.parse(randomUUID());
const newSender = (tenant = newTenant(), user = userId.parse(randomUUID())): FrameSender => ({
  tenantId: tenant,
  userId: user,
  deviceId: deviceId.parse(randomUUID()),
});

test.each(['device', 'user', 'tenant'] as const)('past its rate a %s waits for a token', (name) => {
  const {clock, frames} = setUp({[name]: 2});
  const sender = newSender();
  expect([1, 2, 3].map(() => frames.take(sender).isTaken)).toEqual([true, true, false]);
  expect(frames.take(sender).waitMs).toBe(100);
  clock.ms += 100;
  expect(frames.take(sender).isTaken).toBe(true);
});

test('the devices of a user share their rate, in whatever tenants', () => {
  const {frames} = setUp({user: 2});
  const sender = newSender();
  const elsewhere = newSender(newTenant(), sender.userId);
  expect([sender, elsewhere, elsewhere].map((one) => frames.take(one).isTaken)).toEqual([true, true, false]);
});

test('one tenant takes nothing from another', () => {
  const {frames} = setUp({tenant: 2});
  const busy = newTenant();
  for (let count = 0; count < 50; count++) frames.take(newSender(busy));
  expect(frames.take(newSender(busy)).isTaken).toBe(false);
  expect(frames.take(newSender()).isTaken).toBe(true);
});

test('a device that floods leaves its tenant and its user their tokens', () => {
  const {frames} = setUp({device: 2, user: 4, tenant: 4});
  const flooding = newSender();
  for (let count = 0; count < 50; count++) frames.take(flooding);
  const other = newSender(flooding.tenantId, flooding.userId);
  expect([1, 2].map(() => frames.take(other).isTaken)).toEqual([true, true]);
});
