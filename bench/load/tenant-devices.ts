// Two devices in each of many tenants: the first edits at a steady rate, the second must get every edit.
import {accessOfTenant, type Access, type Peer} from '../peers/peer.ts';
import {createDeliveries} from './deliveries.ts';
import {driveAtRate, untilDone} from './device-group.ts';
import {openDevice, type Device} from './device.ts';

export interface TenantsSettings {
  /** The first of `Access.others` to work in, and how many from there. */
  readonly first: number;
  readonly tenants: number;
  readonly records: number;
}

export interface TenantsReport {
  /** Milliseconds of every edit of this drive. */
  readonly ackLatencies: Float64Array;
}

export interface OpenTenants {
  /** Rejects if an edit is refused, not acknowledged, or does not reach the tenant's other device. */
  drive(drive: {editsPerSecond: number; seconds: number}): Promise<TenantsReport>;
  close(): Promise<void>;
}

export async function openTenants(
  peer: Peer,
  access: Access,
  {first, tenants, records}: TenantsSettings,
): Promise<OpenTenants> {
  const faults: string[] = [];
  const open = (tenant: number, device: number): Promise<Device> =>
    openDevice({
      peer,
      access: accessOfTenant(access, tenant),
      device,
      devices: 2,
      records,
      isSampled: false,
      deliveries: createDeliveries(),
      onFault: (message) => faults.push(message),
      onAck: () => undefined,
    });
  const writers: Device[] = [];
  const readers: Device[] = [];
  for (let tenant = first; tenant < first + tenants; tenant++) {
    writers.push(await open(tenant, 0));
    readers.push(await open(tenant, 1));
  }
  const sum = (devices: readonly Device[], read: (device: Device) => number) =>
    devices.reduce((total, device) => total + read(device), 0);
  const left = () =>
    sum(writers, (writer) => writer.outstanding()) +
    sum(writers, (writer) => writer.sentCount()) -
    sum(readers, (reader) => reader.receivedCount());

  return {
    async drive(drive) {
      const before = writers.map((writer) => writer.ackLatencies().length);
      await driveAtRate(writers, drive);
      await untilDone({left, faults});
      if (faults.length > 0) throw new Error(`faults: ${faults.slice(0, 3).join('; ')}`);
      if (left() > 0) throw new Error(`${left()} edits were lost or not acknowledged`);
      const latencies = writers.flatMap((writer, index) => writer.ackLatencies().slice(before[index]));
      return {ackLatencies: Float64Array.from(latencies)};
    },
    async close() {
      await Promise.all([...writers, ...readers].map((device) => device.close()));
    },
  };
}
