// Devices: whose they are, and what each tenant knows of them.
import type pg from 'pg';
import type {DeviceId, TenantId, UserId} from '#crdt/protocol/ids.ts';

/** Gives the id to the user unless somebody has it. Resolves to whose it is. */
export async function claimDevice(
  client: pg.ClientBase,
  {deviceId, userId}: {deviceId: DeviceId; userId: UserId},
): Promise<UserId> {
  await client.query(`INSERT INTO user_devices (id, user_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, [
    deviceId,
    userId,
  ]);
  // A statement of its own: it sees the row of another transaction that the insert waited for.
  const {rows} = await client.query<{userId: UserId}>(
    `SELECT user_id AS "userId" FROM user_devices WHERE id = $1`,
    [deviceId],
  );
  const [owner] = rows;
  if (owner === undefined) throw new Error('A device has gone while it was claimed');
  return owner.userId;
}

/** The device must be the user's. Resolves to whether the tenant has revoked it. */
export async function saveDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  {deviceId, userId}: {deviceId: DeviceId; userId: UserId},
): Promise<{isRevoked: boolean}> {
  const {rows} = await client.query<{isRevoked: boolean}>(
    `INSERT INTO devices (tenant_id, id, user_id) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id, id) DO UPDATE SET last_seen_at = now()
     RETURNING revoked_at IS NOT NULL AS "isRevoked"`,
    [tenantId, deviceId, userId],
  );
  return {isRevoked: rows[0]?.isRevoked ?? false};
}

/** From now on the device works in that tenant when a request names none. */
export async function activateTenant(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<void> {
  await client.query(`UPDATE user_devices SET active_tenant_id = $1 WHERE id = $2`, [tenantId, deviceId]);
}
