// Results of pushed changes by change id, so that a repeat gets the same answer instead of being applied again.
import type pg from 'pg';
import type {JsonValue} from '#crdt/json.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {asWorker} from './transaction.ts';

export interface PushKey {
  readonly deviceId: string;
  readonly changeId: string;
}

export interface StoredResult extends PushKey {
  readonly entity: string;
  readonly recordId: string;
  readonly seq: number | null;
  readonly result: JsonValue;
}

const findSql = `
  SELECT p.device_id AS "deviceId", p.change_id AS "changeId", p.entity, p.record_id AS "recordId", p.seq, p.result
  FROM unnest($2::uuid[], $3::uuid[]) AS k (device_id, change_id)
  CROSS JOIN LATERAL (
    SELECT * FROM push_results WHERE tenant_id = $1 AND device_id = k.device_id AND change_id = k.change_id LIMIT 1) AS p`;

/** Those of `keys` that were answered before. */
export async function findPushResults(
  client: pg.ClientBase,
  tenantId: TenantId,
  keys: readonly PushKey[],
): Promise<StoredResult[]> {
  const {rows} = await client.query<StoredResult>({
    name: 'find_push_results',
    text: findSql,
    values: [tenantId, keys.map(({deviceId}) => deviceId), keys.map(({changeId}) => changeId)],
  });
  return rows;
}

/** Forgets results older than `days`; how many there were. Crosses tenants: run by a maintenance task only. */
export async function forgetPushResults(pool: pg.Pool, days: number): Promise<number> {
  const result = await asWorker(pool, (client) =>
    client.query(`DELETE FROM push_results WHERE created_at < now() - make_interval(days => $1)`, [days]),
  );
  return result.rowCount ?? 0;
}
