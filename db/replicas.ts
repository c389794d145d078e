// Yjs client ids and the devices they belong to.
import type pg from 'pg';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';

export interface Replica {
  readonly clientId: number;
  readonly deviceId: DeviceId;
}

/**
 * Gives each id to the device that claims it unless one has it, and answers whose they are. Of several devices that
 * claim the same id here one gets it. An id that another transaction is just giving away is missing in the answer. A
 * row once made never changes.
 */
export async function claimReplicas(
  client: pg.ClientBase,
  tenantId: TenantId,
  claims: readonly Replica[],
): Promise<Map<number, DeviceId>> {
  const {rows} = await client.query<Replica>({
    name: 'claim_replicas',
    // In order of id, so that two that claim the same ones wait for each other in one direction only.
    text: `WITH known AS (
             SELECT client_id, device_id FROM replicas WHERE tenant_id = $1 AND client_id = ANY ($2::bigint[])
           ), made AS (
             INSERT INTO replicas (tenant_id, client_id, device_id)
             SELECT DISTINCT ON (client_id) $1::uuid, client_id, device_id
             FROM unnest($2::bigint[], $3::uuid[]) AS claim (client_id, device_id)
             WHERE client_id NOT IN (SELECT client_id FROM known) ORDER BY client_id
             ON CONFLICT DO NOTHING RETURNING client_id, device_id)
           SELECT client_id AS "clientId", device_id AS "deviceId" FROM (TABLE known UNION ALL TABLE made) AS r`,
    values: [tenantId, claims.map(({clientId}) => clientId), claims.map(({deviceId}) => deviceId)],
  });
  return byClient(rows);
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
