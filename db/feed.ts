// The feed: each record once, at its latest position, with its current state. What catch-up and pull read.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {openEntities} from '#crdt/entities/scope.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {
  copyRows,
  readBigint,
  readBoolean,
  readBytes,
  readInstant,
  readInteger,
  readText,
  readUuid,
  type RowReader,
} from './copied-rows.ts';
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
  SELECT entity, id, updated_at, body, seq, version, generation, deleted
  FROM records WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`;

/** The columns that every entry has; these functions read them in the order of the statements. */
const readEntry = (reader: RowReader) => ({
  entity: readText(reader) as EntityName,
  id: readUuid(reader),
  updatedAt: readInstant(reader),
});

/** Those that only a record has. */
const readStored = (reader: RowReader) => ({
  seq: readBigint(reader),
  version: readInteger(reader),
  generation: readInteger(reader),
  deleted: readBoolean(reader),
});

function readRecord(reader: RowReader): FeedRecord {
  const entry = readEntry(reader);
  const body = readBytes(reader);
  if (body === null) throw new Error('A record has a place in the feed and no body.');
  return {...entry, body, ...readStored(reader)};
}

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
  const [head, records] = await Promise.all([
    client.query<{head: number}>({name: 'feed_head', text: headSql, values: [tenantId]}),
    copyRows(client, {text: pageSql, values: [tenantId, after, limit]}, readRecord),
  ]);
  return {records, head: head.rows[0]?.head ?? 0};
}

/** A place in one employee's feed: a record as it is, or one that left their scope. */
export type ScopedEntry =
  | (FeedRecord & {
      /** Of the change, or of the grant if that came later. */
      readonly place: number;
    })
  | {
      readonly body: null;
      readonly place: number;
      readonly entity: EntityName;
      readonly id: string;
      readonly updatedAt: Date;
    };

// Costs what the member has in scope, not what the tenant holds. Places differ: each is a row of the log.
const scopedPageSql = `
  WITH changed AS (
    SELECT greatest(r.seq, a.seq) AS place, r.entity, r.id, a.changed_at, true AS granted
    FROM record_access a JOIN records r ON r.tenant_id = a.tenant_id AND r.entity = a.entity AND r.id = a.record_id
    WHERE a.tenant_id = $1 AND a.user_id = $2 AND a.granted AND greatest(r.seq, a.seq) > $3
    UNION ALL
    SELECT r.seq, r.entity, r.id, r.updated_at, true FROM records r
    WHERE r.tenant_id = $1 AND r.entity = ANY($5::text[]) AND r.seq > $3
    UNION ALL
    SELECT a.seq, a.entity, a.record_id, a.changed_at, false FROM record_access a
    WHERE a.tenant_id = $1 AND a.user_id = $2 AND NOT a.granted AND a.seq > $3),
  page AS MATERIALIZED (SELECT * FROM changed ORDER BY place LIMIT $4)
  SELECT p.place, p.entity, p.id, coalesce(r.updated_at, p.changed_at), r.body,
         r.seq, r.version, r.generation, r.deleted
  FROM page p LEFT JOIN records r
    ON p.granted AND r.tenant_id = $1 AND r.entity = p.entity AND r.id = p.id
  ORDER BY p.place`;

function readScopedEntry(reader: RowReader): ScopedEntry {
  const place = readBigint(reader);
  const entry = readEntry(reader);
  const body = readBytes(reader);
  return body === null ? {...entry, place, body} : {...entry, place, body, ...readStored(reader)};
}

/**
 * The same for one employee: what changed in their scope, came into it or left it after a position. One statement
 * reads the scope and the records as of one moment.
 */
export async function readScopedFeed(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userId, after, limit}: {userId: string; after: number; limit: number},
): Promise<{readonly entries: readonly ScopedEntry[]; readonly head: number}> {
  const [head, entries] = await Promise.all([
    client.query<{head: number}>({name: 'feed_head', text: headSql, values: [tenantId]}),
    copyRows(
      client,
      {text: scopedPageSql, values: [tenantId, userId, after, limit, openEntities]},
      readScopedEntry,
    ),
  ]);
  return {entries, head: head.rows[0]?.head ?? 0};
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
