// The latest pulls of each device: what it certainly held when, for changes that do not say what they had seen.
import type pg from 'pg';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';

export interface DevicePull {
  readonly at: Date;
  /** The device held everything up to this position when it asked. */
  readonly since: number;
}

/** Latest first. */
export async function readPulls(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<DevicePull[]> {
  const {rows} = await client.query<DevicePull>({
    name: 'read_pulls',
    text: `SELECT at, since FROM device_pulls WHERE tenant_id = $1 AND device_id = $2 ORDER BY at DESC`,
    values: [tenantId, deviceId],
  });
  return rows;
}

const recordSql = `
  INSERT INTO device_pulls (tenant_id, device_id, at, since)
  SELECT $1::uuid, $2::uuid, $3::timestamptz, $4::bigint
  WHERE $4::bigint IS DISTINCT FROM coalesce(
    (SELECT since FROM device_pulls WHERE tenant_id = $1 AND device_id = $2 ORDER BY at DESC LIMIT 1), 0)
  ON CONFLICT (tenant_id, device_id, at) DO UPDATE SET since = least(device_pulls.since, excluded.since)`;

const forgetSql = `
  DELETE FROM device_pulls
  WHERE tenant_id = $1 AND device_id = $2 AND at < (
    SELECT at FROM device_pulls WHERE tenant_id = $1 AND device_id = $2 ORDER BY at DESC OFFSET $3 LIMIT 1)`;

/** Remembers a pull that began elsewhere than the one before it, and forgets all but the latest `keep`. */
export async function recordPull(
  client: pg.ClientBase,
  tenantId: TenantId,
  {deviceId, at, since, keep}: DevicePull & {deviceId: DeviceId; keep: number},
): Promise<void> {
  const recorded = await client.query({
    name: 'record_pull',
    text: recordSql,
    values: [tenantId, deviceId, at, since],
  });
  if (recorded.rowCount === 0) return;
  await client.query({name: 'forget_pulls', text: forgetSql, values: [tenantId, deviceId, keep - 1]});
}
