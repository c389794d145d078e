// What an operator sees of a whole installation: sessions of nodes, replicas, and sums over all tenants. Only commands
// of an operator ask; nothing here is fast.
import type pg from 'pg';
import {asOwner, asWorker} from './transaction.ts';

/** A node, by its connection that hears the others. The embedded database's only node has none. */
export interface NodeRow {
  /** Where it connects from; null for a local socket. */
  readonly address: string | null;
  readonly since: Date;
}

export interface ReplicaRow {
  readonly name: string;
  readonly state: string;
  /** How far what it shows is behind; null if nothing was written lately. */
  readonly lagSeconds: number | null;
}

export interface Sessions {
  readonly nodes: readonly NodeRow[];
  readonly replicas: readonly ReplicaRow[];
  /** Of the transaction of a node that runs longest; 0 if none does. */
  readonly longestTransactionSeconds: number;
  readonly connections: number;
  readonly connectionsMax: number;
}

const NODE = 'fieldmerge listen';

export async function readSessions(pool: pg.Pool): Promise<Sessions> {
  return asOwner(pool, async (client) => {
    const nodes = await client.query<NodeRow>(
      `SELECT host(client_addr) AS address, backend_start AS since FROM pg_stat_activity
       WHERE application_name = $1 AND datname = current_database() ORDER BY backend_start`,
      [NODE],
    );
    const replicas = await client.query<ReplicaRow>(
      `SELECT application_name AS name, state, extract(epoch FROM replay_lag)::float8 AS "lagSeconds"
       FROM pg_stat_replication ORDER BY 1`,
    );
    const {rows} = await client.query<Omit<Sessions, 'nodes' | 'replicas'>>(
      `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
                FILTER (WHERE application_name LIKE 'fieldmerge%' AND pid <> pg_backend_pid()), 0)::float8
                AS "longestTransactionSeconds",
              count(*)::int AS connections, current_setting('max_connections')::int AS "connectionsMax"
       FROM pg_stat_activity WHERE backend_type = 'client backend'`,
    );
    const [sums] = rows;
    if (sums === undefined) throw new Error('An aggregate returned no row');
    return {nodes: nodes.rows, replicas: replicas.rows, ...sums};
  });
}

export interface Totals {
  readonly tenants: number;
  readonly members: number;
  /** Not revoked, and seen within a day. */
  readonly devicesSeen: number;
  readonly openConflicts: number;
  readonly keptChanges: number;
}

/** Crosses tenants, and reads whole tables. */
export async function readTotals(pool: pg.Pool): Promise<Totals> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<Totals>(
      `SELECT (SELECT count(*)::int FROM tenants) AS tenants,
              (SELECT count(*)::int FROM memberships WHERE status = 'active') AS members,
              (SELECT count(*)::int FROM devices
               WHERE revoked_at IS NULL AND last_seen_at > now() - interval '1 day') AS "devicesSeen",
              (SELECT count(*)::int FROM conflict_logs WHERE status = 'open') AS "openConflicts",
              (SELECT count(*)::int FROM quarantined_changes WHERE status = 'open') AS "keptChanges"`,
    ),
  );
  const [totals] = rows;
  if (totals === undefined) throw new Error('An aggregate returned no row');
  return totals;
}

export interface TenantSummary {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly members: number;
  /** Positions of its log. */
  readonly seq: number;
  /** Of its last commit. */
  readonly at: Date;
}

/** In order of id, after one; '' begins. Crosses tenants. */
export async function listTenantSummaries(
  pool: pg.Pool,
  {after, limit}: {after: string; limit: number},
): Promise<TenantSummary[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<TenantSummary>(
      `SELECT t.id, t.name, t.created_at AS "createdAt", c.seq, c.at,
              (SELECT count(*)::int FROM memberships m WHERE m.tenant_id = t.id AND m.status = 'active') AS members
       FROM tenants t JOIN tenant_counters c ON c.tenant_id = t.id
       WHERE $1 = '' OR t.id > nullif($1, '')::uuid ORDER BY t.id LIMIT $2`,
      [after, limit],
    ),
  );
  return rows;
}
