// Devices: whose they are, and what each tenant knows of them.
import type pg from 'pg';
import type {DeviceId, TenantId, UserId} from '#crdt/protocol/ids.ts';
import {auditDigest, auditHeadSql, groupDigestSql, type AuditRow} from './audit-chain.ts';
import {COUNTER_AT_SQL, type AuditGroup} from './audit.ts';

export interface DeviceClaim {
  readonly deviceId: DeviceId;
  readonly userId: UserId;
}

export interface RegisteredDevice extends DeviceClaim {
  /** By this tenant. */
  readonly isRevoked: boolean;
  /** The tenant has just met it. */
  readonly isNew: boolean;
}

const claimSql = `
  INSERT INTO user_devices (id, user_id)
  SELECT DISTINCT ON (id) id, user_id FROM unnest($1::uuid[], $2::uuid[]) AS k (id, user_id) ORDER BY id
  ON CONFLICT (id) DO NOTHING`;

/** $1 the tenant, $2 and $3 ids and users. */
const saveSql = `
  INSERT INTO devices (tenant_id, id, user_id)
  SELECT DISTINCT ON (u.id) $1::uuid, u.id, u.user_id
  FROM unnest($2::uuid[], $3::uuid[]) AS k (id, user_id)
  CROSS JOIN LATERAL (SELECT id, user_id FROM user_devices WHERE id = k.id AND user_id = k.user_id LIMIT 1) AS u
  ORDER BY u.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET last_seen_at = now()
  RETURNING id AS "deviceId", user_id AS "userId", revoked_at IS NOT NULL AS "isRevoked", xmax = 0 AS "isNew"`;

// The counter is locked last: by when it is known how many are new, all their rows are.
const saveLoggedSql = `
  WITH saved AS (${saveSql}
  ), added AS (
    SELECT s."deviceId" AS id, s."userId" AS user_id, k.digest, row_number() OVER (ORDER BY k.place) AS place
    FROM saved AS s CROSS JOIN LATERAL (
      SELECT digest, place
      FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) WITH ORDINALITY AS claim (id, user_id, digest, place)
      WHERE id = s."deviceId" AND user_id = s."userId" ORDER BY place LIMIT 1) AS k
    WHERE s."isNew"
  ), counter AS (
    UPDATE tenant_counters
    SET seq = seq + news.rows, at = ${COUNTER_AT_SQL}, audit_head = ${auditHeadSql('news.digest')}
    FROM (SELECT count(*) AS rows, ${groupDigestSql('digest', 'place')} AS digest FROM added) AS news
    WHERE tenant_id = $1 AND news.rows > 0
    RETURNING seq, at, access_version, scope_version, seq - news.rows AS seq_before
  ), logged AS (
    INSERT INTO audit_logs (tenant_id, seq, at, group_seq, action, entity, record_id, user_id, device_id, summary, digest)
    SELECT $1, seq_before + place, counter.at, seq_before + 1, $5, $6, added.id, added.user_id, added.id, $7, digest
    FROM counter, added
  )
  SELECT saved.*, seq_before + 1 AS "firstSeq", seq AS "lastSeq", at, access_version AS "accessVersion",
         scope_version AS "scopeVersion"
  FROM saved LEFT JOIN counter ON true`;

/** How the log says that a tenant met a device. */
export type AddedDevice = Pick<AuditRow, 'action' | 'entity' | 'summary'>;

/**
 * Gives each id to its user unless somebody has it, makes the tenant know those that are their user's now, and notes
 * that they were seen. Answers these, each once, in no order; devices that are another user's are left out.
 */
export async function registerDevices(
  client: pg.ClientBase,
  tenantId: TenantId,
  claims: readonly DeviceClaim[],
): Promise<RegisteredDevice[]> {
  const [ids, users] = columnsOf(claims);
  const [, {rows}] = await Promise.all([
    claimDevices(client, claims),
    client.query<RegisteredDevice>({name: 'save_devices', text: saveSql, values: [tenantId, ids, users]}),
  ]);
  return rows;
}

/**
 * The same, and appends each that is new to the tenant's log, all as one group: the last thing of its transaction. Nothing
 * waits for an answer in between, so it may be sent with BEGIN and COMMIT.
 */
export async function registerDevicesLogged(
  client: pg.ClientBase,
  tenantId: TenantId,
  {claims, added}: {claims: readonly DeviceClaim[]; added: AddedDevice},
): Promise<{registered: RegisteredDevice[]; group: AuditGroup | null}> {
  const {action, entity, summary} = added;
  const digests = claims.map(({deviceId, userId}) =>
    auditDigest(tenantId, {...added, recordId: deviceId, userId, deviceId, detail: null}),
  );
  const values = [tenantId, ...columnsOf(claims), digests, action, entity, summary];
  const [, {rows}] = await Promise.all([
    claimDevices(client, claims),
    client.query<RegisteredDevice & (AuditGroup | {firstSeq: null})>({
      name: 'save_devices_logged',
      text: saveLoggedSql,
      values,
    }),
  ]);
  const group = rows.find((row) => row.firstSeq !== null) ?? null;
  return {registered: rows, group};
}

const columnsOf = (claims: readonly DeviceClaim[]) =>
  [claims.map(({deviceId}) => deviceId), claims.map(({userId}) => userId)] as const;

/**
 * A statement of its own, sent together with the one that saves: that one sees the rows of other transactions that this
 * one waited for. By id, so that two nodes that register the same devices wait for each other in one order.
 */
const claimDevices = (client: pg.ClientBase, claims: readonly DeviceClaim[]): Promise<unknown> =>
  client.query({name: 'claim_devices', text: claimSql, values: [...columnsOf(claims)]});

/** From now on the device works in that tenant when a request names none. */
export async function activateTenant(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<void> {
  await client.query(`UPDATE user_devices SET active_tenant_id = $1 WHERE id = $2`, [tenantId, deviceId]);
}

export interface DeviceRow {
  readonly id: DeviceId;
  readonly userId: UserId;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly revokedAt: Date | null;
}

const deviceColumns = `id, user_id AS "userId", created_at AS "createdAt", last_seen_at AS "lastSeenAt",
  revoked_at AS "revokedAt"`;

/** In the order in which the tenant met them, after a place. userId: null for everybody's. */
export async function listDevices(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userId, after, limit}: {userId: UserId | null; after: {createdAt: Date; id: string} | null; limit: number},
): Promise<DeviceRow[]> {
  const {rows} = await client.query<DeviceRow>(
    `SELECT ${deviceColumns} FROM devices
     WHERE tenant_id = $1 AND ($2::uuid IS NULL OR user_id = $2)
       AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
     ORDER BY created_at, id LIMIT $5`,
    [tenantId, userId, after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows;
}

export async function findDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<DeviceRow | undefined> {
  const {rows} = await client.query<DeviceRow>(
    `SELECT ${deviceColumns} FROM devices WHERE tenant_id = $1 AND id = $2`,
    [tenantId, deviceId],
  );
  return rows[0];
}

/** Undefined if the device was revoked already, or is not there. */
export async function revokeDevice(
  client: pg.ClientBase,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<DeviceRow | undefined> {
  const {rows} = await client.query<DeviceRow>(
    `UPDATE devices SET revoked_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
     RETURNING ${deviceColumns}`,
    [tenantId, deviceId],
  );
  return rows[0];
}

/** All that the user has in the tenant and that are not revoked yet; answers their ids. */
export async function revokeDevicesOf(
  client: pg.ClientBase,
  tenantId: TenantId,
  userId: UserId,
): Promise<DeviceId[]> {
  const {rows} = await client.query<{id: DeviceId}>(
    `UPDATE devices SET revoked_at = clock_timestamp()
     WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id`,
    [tenantId, userId],
  );
  return rows.map(({id}) => id);
}

/** The tenant the device works in when a request names none. */
export async function findActiveTenant(
  pool: pg.Pool,
  {deviceId, userId}: {deviceId: DeviceId; userId: UserId},
): Promise<TenantId | null> {
  const {rows} = await pool.query<{tenantId: TenantId | null}>(
    `SELECT active_tenant_id AS "tenantId" FROM user_devices WHERE id = $1 AND user_id = $2`,
    [deviceId, userId],
  );
  return rows[0]?.tenantId ?? null;
}
