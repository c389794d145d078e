// What `npm run verify` reads of a tenant: everything, in pages, as it lies in the database.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {AuditRow} from './audit-chain.ts';
import {asWorker} from './transaction.ts';

/** Crosses tenants: run by an operator's command only. */
export async function listTenantIds(pool: pg.Pool): Promise<TenantId[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<{id: TenantId}>('SELECT id FROM tenants ORDER BY id'),
  );
  return rows.map(({id}) => id);
}

export interface CounterRow {
  readonly seq: number;
  readonly at: Date;
  readonly auditHead: Buffer;
}

export async function readCounter(
  client: pg.ClientBase,
  tenantId: TenantId,
): Promise<CounterRow | undefined> {
  const {rows} = await client.query<CounterRow>(
    'SELECT seq, at, audit_head AS "auditHead" FROM tenant_counters WHERE tenant_id = $1',
    [tenantId],
  );
  return rows[0];
}

export interface LoggedRow extends AuditRow {
  readonly seq: number;
  readonly at: Date;
  readonly groupSeq: number;
  readonly digest: Buffer;
}

/** In order of seq, after one. */
export async function readLog(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: number; limit: number},
): Promise<LoggedRow[]> {
  const {rows} = await client.query<LoggedRow>(
    `SELECT seq, at, group_seq AS "groupSeq", action, entity, record_id AS "recordId", user_id AS "userId",
            device_id AS "deviceId", summary, detail, digest
     FROM audit_logs WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [tenantId, after, limit],
  );
  return rows;
}

export interface VerifiedRecord {
  readonly id: string;
  readonly seq: number;
  readonly version: number;
  readonly generation: number;
  readonly deleted: boolean;
  readonly updatedAt: Date;
  readonly entity: EntityName;
  readonly body: Buffer;
  readonly memory: Buffer;
  /** The record that the log names at `seq`; null if none. */
  readonly loggedId: string | null;
}

/** Records of one entity in order of id, after one; '' begins. */
export async function readRecords(
  client: pg.ClientBase,
  tenantId: TenantId,
  {entity, after, limit}: {entity: EntityName; after: string; limit: number},
): Promise<VerifiedRecord[]> {
  const {rows} = await client.query<VerifiedRecord>(
    `SELECT r.entity, r.id, r.seq, r.version, r.generation, r.deleted, r.updated_at AS "updatedAt", r.body, r.memory,
            a.record_id AS "loggedId"
     FROM records r LEFT JOIN audit_logs a ON a.tenant_id = r.tenant_id AND a.seq = r.seq AND a.entity = r.entity
     WHERE r.tenant_id = $1 AND r.entity = $2 AND ($3 = '' OR r.id > nullif($3, '')::uuid)
     ORDER BY r.id LIMIT $4`,
    [tenantId, entity, after, limit],
  );
  return rows;
}

/** A typed row by column. */
export type TypedRow = Readonly<Record<string, unknown>> & {readonly id: string};

export async function readTypedRows(
  client: pg.ClientBase,
  tenantId: TenantId,
  {entity, ids}: {entity: EntityName; ids: readonly string[]},
): Promise<TypedRow[]> {
  const {rows} = await client.query<TypedRow>(
    `SELECT * FROM ${entity} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    [tenantId, ids],
  );
  return rows;
}

/** Rows without a record, some of them. */
export async function findOrphanRows(
  client: pg.ClientBase,
  tenantId: TenantId,
  entity: EntityName,
): Promise<string[]> {
  const {rows} = await client.query<{id: string}>(
    `SELECT t.id FROM ${entity} t WHERE t.tenant_id = $1 AND NOT EXISTS (
       SELECT FROM records r WHERE r.tenant_id = t.tenant_id AND r.entity = $2 AND r.id = t.id) LIMIT 10`,
    [tenantId, entity],
  );
  return rows.map(({id}) => id);
}

export interface NumbersRow {
  /** Null where the number alone stands in the column. */
  readonly series: string | null;
  /** Given to records, different ones, and the last of them. */
  readonly given: number;
  readonly distinct: number;
  readonly last: number;
}

/** By series, of a column with numbers (1) or texts that end in one (INV-2026-00001). */
export async function countNumbers(
  client: pg.ClientBase,
  tenantId: TenantId,
  {entity, column}: {entity: EntityName; column: string},
): Promise<NumbersRow[]> {
  const {rows} = await client.query<NumbersRow>(
    `SELECT substring(${column}::text from '^(.*)-[0-9]+$') AS series, count(*) AS given,
            count(DISTINCT ${column}) AS distinct, max(substring(${column}::text from '[0-9]+$')::bigint) AS last
     FROM ${entity} WHERE tenant_id = $1 AND ${column} IS NOT NULL GROUP BY 1`,
    [tenantId],
  );
  return rows;
}

/** How many numbers each series of the tenant gave out. */
export async function countSeries(
  client: pg.ClientBase,
  tenantId: TenantId,
): Promise<{readonly key: string; readonly taken: number}[]> {
  const {rows} = await client.query<{key: string; taken: number}>(
    'SELECT key, next - 1 AS taken FROM series WHERE tenant_id = $1 ORDER BY key',
    [tenantId],
  );
  return rows;
}

export interface SealedConflict {
  readonly id: string;
  readonly seq: number;
  readonly fields: Buffer;
  readonly note: Buffer | null;
}

/** In order of id, after one; '' begins. */
export async function readConflicts(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: string; limit: number},
): Promise<SealedConflict[]> {
  const {rows} = await client.query<SealedConflict>(
    `SELECT id, seq, fields, note FROM conflict_logs
     WHERE tenant_id = $1 AND ($2 = '' OR id > nullif($2, '')::uuid) ORDER BY id LIMIT $3`,
    [tenantId, after, limit],
  );
  return rows;
}

/** Kept changes in order of id, after one; '' begins. */
export async function readQuarantined(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: string; limit: number},
): Promise<{readonly id: string; readonly change: Buffer}[]> {
  const {rows} = await client.query<{id: string; change: Buffer}>(
    `SELECT id, change FROM quarantined_changes
     WHERE tenant_id = $1 AND ($2 = '' OR id > nullif($2, '')::uuid) ORDER BY id LIMIT $3`,
    [tenantId, after, limit],
  );
  return rows;
}
