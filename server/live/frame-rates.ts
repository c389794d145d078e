// How many frames a device, a user and a tenant may send. Every tenant has a bucket of its own, so a busy one takes nothing
// from the others; a device that floods is held back by its own bucket before it draws on its user's and its tenant's.
import {
  DEVICE_FRAMES_BURST,
  DEVICE_FRAMES_PER_SECOND,
  RATE_KEYS_MAX,
  TENANT_FRAMES_BURST,
  TENANT_FRAMES_PER_SECOND,
  USER_FRAMES_BURST,
  USER_FRAMES_PER_SECOND,
} from '#crdt/protocol/limits.ts';
import type {Member} from '../sync/members.ts';
import {createTokenBuckets, type Rate, type Taken} from '../token-buckets.ts';

export type FrameSender = Pick<Member, 'tenantId' | 'userId' | 'deviceId'>;
export type FrameRate = 'device' | 'user' | 'tenant';

export interface FrameRates {
  /** Counts a frame. What it answers is of the first bucket that has no token, else of the tenant's. */
  take(sender: FrameSender): Pick<Taken, 'isTaken' | 'waitMs'>;
}

export const frameRates: Readonly<Record<FrameRate, Rate>> = {
  device: {perSecond: DEVICE_FRAMES_PER_SECOND, burst: DEVICE_FRAMES_BURST},
  user: {perSecond: USER_FRAMES_PER_SECOND, burst: USER_FRAMES_BURST},
  tenant: {perSecond: TENANT_FRAMES_PER_SECOND, burst: TENANT_FRAMES_BURST},
};

/** now: ms since epoch. */
export function createFrameRates({
  now,
  rates = frameRates,
  keysMax = RATE_KEYS_MAX,
}: {
  now: () => number;
  rates?: Readonly<Record<FrameRate, Rate>>;
  keysMax?: number;
}): FrameRates {
  const devices = createTokenBuckets(rates.device, {now, keysMax});
  const users = createTokenBuckets(rates.user, {now, keysMax});
  const tenants = createTokenBuckets(rates.tenant, {now, keysMax});
  return {
    take({tenantId, userId, deviceId}) {
      const ofDevice = devices.take(`${tenantId} ${deviceId}`);
      if (!ofDevice.isTaken) return ofDevice;
      const ofUser = users.take(userId);
      return ofUser.isTaken ? tenants.take(tenantId) : ofUser;
    },
  };
}
