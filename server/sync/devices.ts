// Devices: registered on first use, and one implicit device for a user whose requests name none.
import {createHash} from 'node:crypto';
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {
  dashed,
  deviceId as deviceIdSchema,
  type DeviceId,
  type TenantId,
  type UserId,
} from '#crdt/protocol/ids.ts';
import type {AuditRow} from '#db/audit-chain.ts';
import {claimDevice, saveDevice} from '#db/devices.ts';

/** A UUID (version 8) that is always the same for the same name. */
export function derivedUuid(...name: string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(name)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return dashed(bytes.toString('hex'));
}

/** The device of a user who names none. */
export const implicitDeviceId = (userId: UserId): DeviceId =>
  deviceIdSchema.parse(derivedUuid('implicit device', userId));

/**
 * Makes the device the user's and known to the tenant, and notes that it was seen. `client` is in a transaction
 * of the tenant. Answers what the caller must append to the log, as the last thing of that transaction: a row if
 * the tenant has just met the device. Throws SyncError `device_taken` or `device_revoked`.
 */
export async function registerDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  device: {deviceId: DeviceId; userId: UserId},
): Promise<AuditRow[]> {
  if ((await claimDevice(client, device)) !== device.userId) throw new SyncError('device_taken');
  const {isRevoked, isNew} = await saveDevice(client, tenantId, device);
  if (isRevoked) throw new SyncError('device_revoked');
  if (!isNew) return [];
  const {deviceId, userId} = device;
  const summary = 'Signed in on a new device.';
  return [
    {action: 'device.added', entity: 'devices', recordId: deviceId, userId, deviceId, summary, detail: null},
  ];
}
