// Yjs client ids and the devices they belong to.
import type pg from 'pg';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';

/**
 * Gives those ids to the device that no device has, and answers whose they are. One that another device is just being
 * given is missing in the answer. A row once made never changes.
 */
export async function claimReplicas(
  client: pg.ClientBase,
  tenantId: TenantId,
  {deviceId, clientIds}: {deviceId: DeviceId; clientIds: readonly number[]},
): Promise<Map<number, DeviceId>> {
  const {rows} = await client.query<Replica>({
    name: 'claim_replicas',
    // In order of id, so that two that claim the same ones wait for each other in one direction only.
    text: `WITH known AS (
             SELECT client_id, device_id FROM replicas WHERE tenant_id = $1 AND client_id = ANY ($3::bigint[])
           ), made AS (
             INSERT INTO replicas (tenant_id, client_id, device_id)
             SELECT $1, id, $2 FROM unnest($3::bigint[]) AS id WHERE id NOT IN (SELECT client_id FROM known) ORDER BY id
             ON CONFLICT DO NOTHING RETURNING client_id, device_id)
           SELECT client_id AS "clientId", device_id AS "deviceId" FROM (TABLE known UNION ALL TABLE made) AS r`,
    values: [tenantId, deviceId, clientIds],
  });
  return byClient(rows);
}

interface Replica {
  readonly clientId: number;
  readonly deviceId: DeviceId;
}

const byClient = (rows: readonly Replica[]): Map<number, DeviceId> =>
  new Map(rows.map(({clientId, deviceId}) => [clientId, deviceId]));

/** Devices by client id, for those of `clientIds` that have one. */
export async function findReplicas(
  client: pg.ClientBase,
  tenantId: TenantId,
  clientIds: readonly number[],
): Promise<Map<number, DeviceId>> {
  const {rows} = await client.query<Replica>(
    `SELECT client_id AS "clientId", device_id AS "deviceId"
     FROM replicas WHERE tenant_id = $1 AND client_id = ANY ($2::bigint[])`,
    [tenantId, clientIds],
  );
  return byClient(rows);
}

/** A client id for the server's own writes, never given out before: SERVER_CLIENT_ID_MIN plus the result. */
export async function takeServerReplica(pool: pg.Pool): Promise<number> {
  const {rows} = await pool.query<{number: number}>(`SELECT nextval('server_replica_ids') AS number`);
  const [row] = rows;
  if (row === undefined) throw new Error('nextval returned no row');
  return row.number;
}
