// The feed: each record once, at its latest position, with its current state. What catch-up and pull read.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {StoredRecord} from './records.ts';

export interface FeedRecord extends StoredRecord {
  /** Sealed to `version`. */
  readonly body: Buffer;
}

export interface FeedPage {
  readonly records: readonly FeedRecord[];
  /** The tenant's position when the page was read: what lies at or below it is in the page or before it. */
  readonly head: number;
}

const pageSql = `
  SELECT entity, id, seq, version, generation, deleted, updated_at AS "updatedAt", body
  FROM records WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`;

const headSql = `SELECT seq AS head FROM tenant_counters WHERE tenant_id = $1`;

/**
 * Records changed after a position, oldest change first. Positions are given out under the tenant's lock as
 * the last step before COMMIT, so nothing can appear later at or below one that was read.
 */
export async function readFeed(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: number; limit: number},
): Promise<FeedPage> {
  // The head first: a commit between the two statements is then read again, never skipped.
  const [head, page] = await Promise.all([
    client.query<{head: number}>({name: 'feed_head', text: headSql, values: [tenantId]}),
    client.query<FeedRecord>({name: 'feed_page', text: pageSql, values: [tenantId, after, limit]}),
  ]);
  return {records: page.rows, head: head.rows[0]?.head ?? 0};
}

/** The tenant's position. */
export async function readHead(client: pg.ClientBase, tenantId: TenantId): Promise<number> {
  const {rows} = await client.query<{head: number}>({name: 'feed_head', text: headSql, values: [tenantId]});
  return rows[0]?.head ?? 0;
}

/** The position before the first change at or after a moment: where a pull by timestamp begins. */
export async function positionBefore(
  client: pg.ClientBase,
  tenantId: TenantId,
  moment: Date,
): Promise<number> {
  const {rows} = await client.query<{seq: number}>(
    // Both grow together, so the last by the index is the last of all: one step, however long the log.
    'SELECT seq FROM audit_logs WHERE tenant_id = $1 AND at < $2 ORDER BY at DESC, seq DESC LIMIT 1',
    [tenantId, moment],
  );
  return rows[0]?.seq ?? 0;
}
