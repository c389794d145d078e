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
import {registerDevices, type AddedDevice, type DeviceClaim, type RegisteredDevice} from '#db/devices.ts';

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

/** How the log says that a tenant met a device. */
export const DEVICE_ADDED: AddedDevice = {
  action: 'device.added',
  entity: 'devices',
  summary: 'Signed in on a new device.',
};

/** Throws SyncError unless the device is the user's and good here. registered: what the tenant knows of it, if it is the user's. */
export function assertRegistered(registered: RegisteredDevice | undefined): void {
  if (registered === undefined) throw new SyncError('device_taken');
  if (registered.isRevoked) throw new SyncError('device_revoked');
}

/**
 * Makes the device its user's and known to the tenant, and notes that it was seen. `client` is in a transaction of the
 * tenant. Answers what to append to the log, as the last thing of it. Throws SyncError `device_taken` or
 * `device_revoked`.
 */
export async function registerDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  {deviceId, userId}: DeviceClaim,
): Promise<readonly AuditRow[]> {
  const [registered] = await registerDevices(client, tenantId, [{deviceId, userId}]);
  assertRegistered(registered);
  if (registered?.isNew !== true) return [];
  return [{...DEVICE_ADDED, recordId: deviceId, userId, deviceId, detail: null}];
}
