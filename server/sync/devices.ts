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
import {registerDevices as registerRows, type DeviceClaim} from '#db/devices.ts';

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

/** One per device: what to append to the log, as the last thing of the transaction; or why it is not the user's here. */
export type Registration = readonly AuditRow[] | SyncError;

/**
 * Makes each device its user's and known to the tenant, and notes that it was seen. `client` is in a transaction of the
 * tenant. In the order of `devices`; one named twice is logged once. Errors: `device_taken`, `device_revoked`.
 */
export async function registerDevices(
  client: pg.ClientBase,
  tenantId: TenantId,
  devices: readonly DeviceClaim[],
): Promise<Registration[]> {
  const rows = await registerRows(client, tenantId, devices);
  const registered = new Map(rows.map((row) => [`${row.deviceId} ${row.userId}`, row]));
  return devices.map(({deviceId, userId}) => {
    const name = `${deviceId} ${userId}`;
    const row = registered.get(name);
    if (row === undefined) return new SyncError('device_taken');
    if (row.isRevoked) return new SyncError('device_revoked');
    if (!row.isNew) return [];
    registered.set(name, {...row, isNew: false});
    const summary = 'Signed in on a new device.';
    return [
      {
        action: 'device.added',
        entity: 'devices',
        recordId: deviceId,
        userId,
        deviceId,
        summary,
        detail: null,
      },
    ];
  });
}

/** The same for one. Throws SyncError `device_taken` or `device_revoked`. */
export async function registerDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  device: DeviceClaim,
): Promise<readonly AuditRow[]> {
  const [registration = []] = await registerDevices(client, tenantId, [device]);
  if (registration instanceof SyncError) throw registration;
  return registration;
}
