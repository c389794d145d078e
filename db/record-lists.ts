// Lists of one entity's records: narrowed, sorted and paged over the typed rows, answered with the sealed bodies. Columns
// and types come from the entity's declaration, everything a caller says is a parameter.
import type pg from 'pg';
import type {Entity} from '#crdt/entities/entity.ts';
import {searchColumns, type ListFilter, type ListSort} from '#crdt/entities/list-filters.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {NO_REFERENCE, type FilterValue} from '#crdt/protocol/record-list.ts';
import type {FeedRecord} from './feed.ts';

export interface ListedRecord extends FeedRecord {
  /** What it was sorted by, as text that `after` takes again. */
  readonly sortKey: string | null;
}

export interface RecordList {
  readonly entity: Entity;
  /** The value of an `equal` filter is the fingerprint in hexadecimal. */
  readonly filters: readonly {readonly filter: ListFilter; readonly value: FilterValue}[];
  readonly search: string | undefined;
  /** An employee whose scope narrows the list; undefined where all is listed. */
  readonly seenBy: string | undefined;
  readonly deleted: 'true' | 'false' | 'any';
  /** ISO 8601. */
  readonly updatedSince: string | undefined;
  readonly sort: ListSort;
  readonly isDescending: boolean;
  /** The tenant's position when the list was begun. */
  readonly asOf: number;
  /** The last record of the page before. */
  readonly after: {readonly key: string | null; readonly id: string} | undefined;
  readonly limit: number;
}

/** Collects the values of a statement; answers the placeholder of each. */
type Bind = (value: unknown) => string;

/** In the order asked for; records without a value last, those of equal value by id. */
export async function listRecords(
  client: pg.ClientBase,
  tenantId: TenantId,
  list: RecordList,
): Promise<ListedRecord[]> {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const tenant = bind(tenantId);
  const {entity, sort, isDescending} = list;
  const key = keyOf(list, bind);
  const conditions = [`t.tenant_id = ${tenant}`, ...conditionsOf(list, bind)];
  const direction = isDescending ? 'DESC' : 'ASC';
  const order = `key ${direction} NULLS LAST, id ${direction}`;
  const {rows} = await client.query<ListedRecord>(
    `SELECT r.entity, r.id, r.seq, r.version, r.generation, r.deleted, r.updated_at AS "updatedAt", r.body,
            ${keyText(sort, 'p.key')} AS "sortKey"
     FROM (
       SELECT k.id, k.key
       FROM (SELECT t.id, ${key} AS key FROM ${entity.name} t WHERE ${conditions.join(' AND ')}) AS k
       WHERE ${afterCondition(list, bind)}
       ORDER BY ${order} LIMIT ${bind(list.limit)}
     ) AS p
     JOIN records r ON r.tenant_id = ${tenant} AND r.entity = ${bind(entity.name)} AND r.id = p.id
     ORDER BY p.key ${direction} NULLS LAST, p.id ${direction}`,
    values,
  );
  return rows;
}

/**
 * By the log: each record at its latest change up to `asOf`, whatever has changed it since, so that no edit moves a
 * record across the pages of a list that somebody is reading.
 */
function keyOf({entity, sort, asOf}: RecordList, bind: Bind): string {
  switch (sort.kind) {
    case 'log': {
      const position = bind(asOf);
      return `CASE WHEN t.seq <= ${position} THEN t.seq ELSE (
        SELECT max(a.seq) FROM audit_logs a
        WHERE a.tenant_id = t.tenant_id AND a.entity = ${bind(entity.name)} AND a.record_id = t.id
          AND a.seq <= ${position}
          AND a.action IN ('record.create', 'record.update', 'record.delete', 'record.restore')
      ) END`;
    }
    case 'span':
      return `(t."${sort.column}" ->> 'start') COLLATE "C"`;
    case 'column':
      return sort.sql === 'text' ? `lower(t."${sort.column}")` : `t."${sort.column}"`;
  }
}

function keyText(sort: ListSort, key: string): string {
  if (sort.kind === 'log') return `${key}::text`;
  if (sort.kind === 'span') return key;
  switch (sort.sql) {
    case 'timestamptz':
      return `to_char(${key} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case 'date':
      return `to_char(${key}, 'YYYY-MM-DD')`;
    case 'integer':
    case 'bigint':
      return `${key}::text`;
    case 'text':
      return key;
  }
}

const keyType = (sort: ListSort): string =>
  sort.kind === 'log' ? 'bigint' : sort.kind === 'span' ? 'text' : sort.sql;

function afterCondition({sort, isDescending, after}: RecordList, bind: Bind): string {
  // Not yet there when the list was begun.
  const isThere = sort.kind === 'log' ? 'k.key IS NOT NULL' : 'true';
  if (after === undefined) return isThere;
  const past = isDescending ? '<' : '>';
  const id = bind(after.id);
  if (after.key === null) return `k.key IS NULL AND k.id ${past} ${id}::uuid`;
  const key = `${bind(after.key)}::${keyType(sort)}`;
  const isLater = `k.key ${past} ${key} OR (k.key = ${key} AND k.id ${past} ${id}::uuid)`;
  return `${isThere} AND (${isLater} OR k.key IS NULL)`;
}

function conditionsOf(list: RecordList, bind: Bind): string[] {
  const {entity, filters, search, seenBy, deleted, updatedSince} = list;
  const conditions = filters.map((one) => filterCondition(one, bind));
  if (deleted !== 'any') conditions.push(`t.deleted_at IS ${deleted === 'true' ? 'NOT NULL' : 'NULL'}`);
  if (updatedSince !== undefined) conditions.push(`t.updated_at >= ${bind(updatedSince)}::timestamptz`);
  if (seenBy !== undefined) {
    conditions.push(`EXISTS (
      SELECT FROM record_access a
      WHERE a.tenant_id = t.tenant_id AND a.user_id = ${bind(seenBy)} AND a.entity = ${bind(entity.name)}
        AND a.record_id = t.id AND a.granted)`);
  }
  if (search !== undefined) conditions.push(searchCondition(entity, bind(likePattern(search))));
  return conditions;
}

function filterCondition({filter, value}: RecordList['filters'][number], bind: Bind): string {
  const column = `t."${filter.column}"`;
  switch (filter.kind) {
    case 'choice':
      return `${column} = ANY(${bind(value)}::text[])`;
    case 'flag':
      return `${column} = ${bind(value)}::boolean`;
    case 'reference':
      return value === NO_REFERENCE ? `${column} IS NULL` : `${column} = ${bind(value)}::uuid`;
    case 'member':
      return `${column} @> jsonb_build_array(${bind(value)}::text)`;
    case 'from':
      return `${column} >= ${bind(value)}::${filter.sql}`;
    case 'to':
      return `${column} <= ${bind(value)}::${filter.sql}`;
    // Instants in normal form are of one length and in UTC, so they compare as text.
    case 'span-from':
      return `(${column} ->> 'end') COLLATE "C" >= ${bind(value)}::text`;
    case 'span-to':
      return `(${column} ->> 'start') COLLATE "C" <= ${bind(value)}::text`;
    case 'equal':
      return `${column} = decode(${bind(value)}, 'hex')`;
  }
}

/** What a caller searches for is text, never a pattern. */
const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

function searchCondition(entity: Entity, pattern: string): string {
  const matches = searchColumns(entity).map(({column, kind}) =>
    kind === 'value'
      ? `t."${column}"::text ILIKE ${pattern}::text ESCAPE '\\'`
      : `EXISTS (SELECT FROM jsonb_array_elements_text(t."${column}") AS m (member)
                 WHERE m.member ILIKE ${pattern}::text ESCAPE '\\')`,
  );
  return `(${matches.join(' OR ')})`;
}
