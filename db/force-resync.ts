// Ends the cursors of members, so that their devices read everything again. An operator's command calls it.
import type pg from 'pg';
import type {DeviceId, TenantId, UserId} from '#crdt/protocol/ids.ts';
import {appendAudit} from './audit.ts';
import {findDevice} from './devices.ts';

export interface ForcedResync {
  /** Whose cursors ended. */
  readonly members: number;
}

/**
 * A cursor is given to a membership in one role, not to a device: one device is made to read again with all others of its
 * user. deviceId null: everybody's. Undefined: the tenant does not know the device.
 */
export async function forceResync(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId | null,
): Promise<ForcedResync | undefined> {
  const device = deviceId === null ? null : await findDevice(client, tenantId, deviceId);
  if (device === undefined) return undefined;
  const userId: UserId | null = device?.userId ?? null;
  const {rowCount} = await client.query(
    `UPDATE memberships SET role_version = role_version + 1, updated_at = clock_timestamp()
     WHERE tenant_id = $1 AND status = 'active' AND ($2::uuid IS NULL OR user_id = $2)`,
    [tenantId, userId],
  );
  const row = {
    action: 'operator.resync',
    entity: deviceId === null ? 'tenants' : 'devices',
    recordId: deviceId ?? tenantId,
    userId: null,
    deviceId: null,
    summary:
      deviceId === null
        ? 'The operator made all devices read everything again.'
        : "The operator made a member's devices read everything again.",
    detail: null,
  };
  await appendAudit(client, tenantId, [row], {changesAccess: true});
  return {members: rowCount ?? 0};
}
