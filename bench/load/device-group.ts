// The devices of one load process, and the two ways they are driven: at a steady rate, or with a bounded number of
// edits outstanding each.
import {setTimeout as delay} from 'node:timers/promises';
import type {Access, Peer} from '../peers/peer.ts';
import {clockMs} from './clock.ts';
import {createDeliveries, type ReceivedLog, type Reset, type SentLog} from './deliveries.ts';
import {openDevice, type Device} from './device.ts';
import type {ReplicaSummary} from './replica.ts';

export interface GroupSettings {
  readonly access: Access;
  /** Numbers of the devices of this process. */
  readonly members: readonly number[];
  /** Of all processes together. */
  readonly devices: number;
  readonly records: number;
  readonly sampled: readonly number[];
  /** The records that are edited; all if absent. */
  readonly edited?: {readonly first: number; readonly count: number};
  /** The devices begin where `Access.cursor` is, not at the beginning of the feed. */
  readonly isUpToDate?: boolean;
}

export type Drive =
  | {readonly kind: 'rate'; readonly editsPerSecond: number; readonly seconds: number}
  | {
      readonly kind: 'outstanding';
      readonly edits: number;
      readonly seconds: number;
      /** Edits that each device makes at most. */
      readonly count?: number;
    };

export interface GroupReport {
  readonly sent: SentLog;
  readonly received: ReceivedLog;
  /** One for each device and document that a server has compacted. */
  readonly resets: readonly Reset[];
  /** Of the latest drive. */
  readonly ackLatencies: Float64Array;
  readonly replicas: readonly ReplicaSummary[];
  readonly faults: readonly string[];
}

export interface DeviceGroup {
  /** Resolves with the number of edits so far when all are acknowledged, or no more acknowledgements come. */
  drive(drive: Drive): Promise<number>;
  /** Resolves when every device has the edits of all others, `total` being all there are, or none come any more. */
  settle(total: number): Promise<GroupReport>;
  close(): Promise<void>;
}

/** Milliseconds without any progress after which what is missing counts as lost. */
const SILENCE_MS_MAX = 10_000;
const SILENCE_AFTER_RESET_MS = 2_000;
const FAULTS_KEPT = 5;

export async function openDeviceGroup(peer: Peer, settings: GroupSettings): Promise<DeviceGroup> {
  const {members, sampled, ...shared} = settings;
  const deliveries = createDeliveries();
  const faults: string[] = [];
  let refill: (device: Device) => void = () => undefined;
  const devices: Device[] = [];
  for (const [index, device] of members.entries()) {
    const opened = await openDevice({
      ...shared,
      peer,
      device,
      deliveries,
      isSampled: sampled.includes(device),
      onFault: (message) => {
        if (faults.length < FAULTS_KEPT) faults.push(message);
      },
      onAck() {
        const self = devices[index];
        if (self !== undefined) refill(self);
      },
    });
    devices.push(opened);
  }
  let ackedBefore: readonly number[] = [];
  const sum = (read: (device: Device) => number) =>
    devices.reduce((total, device) => total + read(device), 0);

  return {
    async drive(drive) {
      ackedBefore = devices.map((device) => device.ackLatencies().length);
      if (drive.kind === 'rate') await driveAtRate(devices, drive);
      else {
        const end = clockMs() + drive.seconds * 1_000;
        const {edits, count = Infinity} = drive;
        const most = new Map(devices.map((device) => [device, device.sentCount() + count]));
        const isDone = (device: Device) => device.sentCount() >= (most.get(device) ?? 0) || clockMs() >= end;
        refill = (device) => {
          while (device.outstanding() < edits && !isDone(device)) device.edit();
        };
        devices.forEach(refill);
        while (!devices.every(isDone)) await delay(2);
        refill = () => undefined;
      }
      await untilDone({left: () => sum((device) => device.outstanding()), faults});
      return sum((device) => device.sentCount());
    },
    async settle(total) {
      const expected = sum((device) => total - device.sentCount());
      // Edits within a compacted state are not counted one by one: what is missing then is waited for less long.
      const silenceMs = sum((device) => device.resetCount()) > 0 ? SILENCE_AFTER_RESET_MS : SILENCE_MS_MAX;
      await untilDone({left: () => expected - sum((device) => device.receivedCount()), faults, silenceMs});
      return {
        sent: deliveries.sentLog(),
        received: deliveries.receivedLog(),
        resets: deliveries.resets(),
        ackLatencies: Float64Array.from(
          devices.flatMap((device, index) => device.ackLatencies().slice(ackedBefore[index])),
        ),
        replicas: devices.flatMap(({replica}) => (replica === null ? [] : [replica.summarize()])),
        faults,
      };
    },
    async close() {
      await Promise.all(devices.map((device) => device.close()));
    },
  };
}

/** Each device edits at even intervals, the devices one after the other within an interval. */
export async function driveAtRate(
  devices: readonly Pick<Device, 'edit'>[],
  {editsPerSecond, seconds}: {editsPerSecond: number; seconds: number},
): Promise<void> {
  const intervalMs = (1_000 * devices.length) / editsPerSecond;
  const start = clockMs();
  const due = devices.map((_, index) => start + (index / devices.length) * intervalMs);
  for (let now = start; now < start + seconds * 1_000; now = clockMs()) {
    for (const [index, device] of devices.entries()) {
      if ((due[index] ?? Infinity) > now) continue;
      device.edit();
      due[index] = (due[index] ?? now) + intervalMs;
    }
    await delay(1);
  }
}

/** Resolves when nothing is left, when something went wrong, or when nothing has moved for a while. */
export async function untilDone({
  left,
  faults,
  silenceMs = SILENCE_MS_MAX,
}: {
  left: () => number;
  faults: readonly string[];
  silenceMs?: number;
}): Promise<void> {
  let before = left();
  for (let quietSince = clockMs(); before > 0 && faults.length === 0;) {
    await delay(2);
    const now = left();
    if (now !== before) quietSince = clockMs();
    else if (clockMs() - quietSince > silenceMs) return;
    before = now;
  }
}
