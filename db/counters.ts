// How far tenants have come, for a node that has connections of many of them.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {asWorker} from './transaction.ts';

/** What is known of a tenant. */
export interface KnownCounter {
  readonly tenantId: TenantId;
  /** Null: nothing. */
  readonly seq: number | null;
  readonly accessVersion: number;
}

export interface MovedCounter {
  readonly tenantId: TenantId;
  readonly seq: number;
  readonly accessVersion: number;
  /** Milliseconds since the tenant's last commit. */
  readonly ageMs: number;
}

/** Milliseconds to wait for the answer: it is asked again soon anyway. */
const ANSWER_MS_MAX = 2_000;

const movedSql = `
  SELECT c.tenant_id AS "tenantId", c.seq, c.access_version AS "accessVersion",
         extract(epoch FROM clock_timestamp() - c.at)::float8 * 1000 AS "ageMs"
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS k (tenant_id, seq, access_version)
  JOIN tenant_counters c ON c.tenant_id = k.tenant_id
  WHERE c.seq IS DISTINCT FROM k.seq OR c.access_version IS DISTINCT FROM k.access_version`;

/** Those of the tenants that are elsewhere than known. Costs one look-up in an index per tenant. Crosses tenants. */
export async function readMovedCounters(
  pool: pg.Pool,
  known: readonly KnownCounter[],
): Promise<MovedCounter[]> {
  const query = {
    name: 'moved_counters',
    text: movedSql,
    values: [
      known.map(({tenantId}) => tenantId),
      known.map(({seq}) => seq),
      known.map(({accessVersion}) => accessVersion),
    ],
    query_timeout: ANSWER_MS_MAX,
  };
  return (await asWorker(pool, (client) => client.query<MovedCounter>(query))).rows;
}
