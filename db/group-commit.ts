// The last statement of a lane's transaction: takes the tenant's counter and writes documents, typed rows,
// conflicts, the log and push results, all at once. The counter's lock is held for this and the COMMIT only.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {columnName} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {auditDigest, auditHeadSql, groupDigest, type AuditRow} from './audit-chain.ts';
import {COUNTER_AT_SQL} from './audit.ts';
import {createBlob, type Blob} from './blob.ts';
import type {RecordKey} from './records.ts';
import {rowSql} from './row-sql.ts';

/** One record as it is after the group. `place`: which of the group's positions it gets, from 1. */
export interface RecordWrite extends RecordKey {
  readonly place: number;
  readonly isNew: boolean;
  readonly version: number;
  readonly generation: number;
  /** Sealed to `version`. */
  readonly body: Uint8Array;
  /** Fields in normal form, sensitive ones left out. */
  readonly fields: JsonObject;
  /** Sealed sensitive fields; null clears, absent leaves as it is. */
  readonly sealed: Readonly<Record<string, Uint8Array | null>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedBy: string;
  readonly deletedAt: string | null;
}

export interface ConflictWrite {
  readonly id: string;
  readonly entity: EntityName;
  readonly recordId: string;
  readonly place: number;
  readonly key: string;
  readonly fieldNames: readonly string[];
  readonly summary: string;
  readonly winnerId: string;
  readonly loserId: string;
  /** Sealed. */
  readonly fields: Uint8Array;
}

export interface ResultWrite extends RecordKey {
  readonly deviceId: string;
  readonly changeId: string;
  /** Null for a change that got no position. */
  readonly place: number | null;
  readonly result: JsonValue;
}

export interface GroupWrite {
  /** One row per position, in order. */
  readonly audit: readonly AuditRow[];
  readonly records: readonly RecordWrite[];
  readonly conflicts: readonly ConflictWrite[];
  readonly results: readonly ResultWrite[];
}

export interface GroupCommitted {
  /** The group's positions are base + 1 to base + audit.length. */
  readonly base: number;
  readonly at: Date;
}

/**
 * Writes a group. Null: the access version is no longer the one decided on, nothing was written, and the
 * transaction must be rolled back. A unique violation on a record means that another node made it meanwhile.
 */
export async function writeGroup(
  client: pg.ClientBase,
  {tenantId, accessVersion}: {tenantId: TenantId; accessVersion: number},
  group: GroupWrite,
): Promise<GroupCommitted | null> {
  const blob = createBlob();
  const parameters = createParameters([tenantId, group.audit.length, accessVersion]);
  const ctes: string[] = [];
  if (group.audit.length === 0) addUnlogged(ctes);
  else addLogged(ctes, {parameters, blob, tenantId, audit: group.audit});
  if (group.records.length > 0) addRecords(ctes, {parameters, blob, records: group.records});
  if (group.conflicts.length > 0) addConflicts(ctes, {parameters, blob, conflicts: group.conflicts});
  if (group.results.length > 0) addResults(ctes, {parameters, results: group.results});
  const template = `WITH ${ctes.join(',\n')}
    SELECT base, at FROM counter`;
  const text = template.includes('$blob')
    ? template.replaceAll('$blob', parameters.add(blob.toBuffer()))
    : template;
  const name = statementName(text);
  const {rows} = await client.query<GroupCommitted>({
    ...(name === undefined ? {} : {name}),
    text,
    values: parameters.values,
  });
  return rows[0] ?? null;
}

// Every connection keeps what it prepared. The shapes that come first are the common ones.
const STATEMENTS_NAMED_MAX = 128;

/** One prepared statement per shape: which entities are inserted and updated, and whether there are conflicts. */
const names = new Map<string, string>();
function statementName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= STATEMENTS_NAMED_MAX) return known;
  const name = `group_${names.size}`;
  names.set(text, name);
  return name;
}

interface Parameters {
  readonly values: unknown[];
  add(value: unknown): `$${number}`;
}

function createParameters(values: unknown[]): Parameters {
  return {
    values,
    add: (value) => `$${values.push(value)}`,
  };
}

const cut = (name: string) => `substring($blob::bytea from r.${name}_from for r.${name}_length)`;

/** Nothing of the group gets a position: the counter is read and left as it is, its chained head above all. */
function addUnlogged(ctes: string[]): void {
  ctes.push(`counter AS (
    SELECT seq - $2::int AS base, at FROM tenant_counters WHERE tenant_id = $1 AND access_version = $3)`);
}

function addLogged(
  ctes: string[],
  {
    parameters,
    blob,
    tenantId,
    audit,
  }: {parameters: Parameters; blob: Blob; tenantId: TenantId; audit: readonly AuditRow[]},
): void {
  const digests = audit.map((row) => auditDigest(tenantId, row));
  const head = parameters.add(groupDigest(digests));
  ctes.push(`counter AS (
    UPDATE tenant_counters SET seq = seq + $2::int, at = ${COUNTER_AT_SQL}, audit_head = ${auditHeadSql(head)}
    WHERE tenant_id = $1 AND access_version = $3
    RETURNING seq - $2::int AS base, at)`);
  const rows = audit.map((row, index) => {
    const detail = row.detail === null ? {from: 0, length: null} : blob.add(row.detail);
    const digest = blob.add(digests[index] ?? new Uint8Array());
    return {
      place: index + 1,
      action: row.action,
      entity: row.entity,
      record_id: row.recordId,
      user_id: row.userId,
      device_id: row.deviceId,
      summary: row.summary,
      detail_from: detail.from,
      detail_length: detail.length,
      digest_from: digest.from,
      digest_length: digest.length,
    };
  });
  ctes.push(`logged AS (
    INSERT INTO audit_logs (tenant_id, seq, at, group_seq, action, entity, record_id, user_id, device_id, summary, detail, digest)
    SELECT $1, counter.base + r.place, counter.at, counter.base + 1, r.action, r.entity, r.record_id, r.user_id, r.device_id,
           r.summary, ${cut('detail')}, ${cut('digest')}
    FROM counter, json_to_recordset(${parameters.add(JSON.stringify(rows))}::json) AS r (place int, action text, entity text,
      record_id uuid, user_id uuid, device_id uuid, summary text, detail_from int, detail_length int, digest_from int, digest_length int))`);
}

const recordColumns = `entity text, id uuid, place int, version int, generation int, deleted boolean, body_from int, body_length int`;

function addRecords(
  ctes: string[],
  {parameters, blob, records}: {parameters: Parameters; blob: Blob; records: readonly RecordWrite[]},
): void {
  const rows = {insert: [] as JsonObject[], update: [] as JsonObject[]};
  const typed = new Map<string, {entity: EntityName; kind: 'insert' | 'update'; rows: JsonObject[]}>();
  for (const record of records) {
    const kind = record.isNew ? 'insert' : 'update';
    const body = blob.add(record.body);
    rows[kind].push({
      entity: record.entity,
      id: record.id,
      place: record.place,
      version: record.version,
      generation: record.generation,
      deleted: record.deletedAt !== null,
      body_from: body.from,
      body_length: body.length,
    });
    const key = `${record.entity}_${kind}`;
    const group = typed.get(key) ?? {entity: record.entity, kind, rows: []};
    typed.set(key, group);
    group.rows.push(typedRow(record, blob));
  }
  if (rows.insert.length > 0) {
    ctes.push(`made AS (
      INSERT INTO records (tenant_id, entity, id, seq, version, generation, deleted, updated_at, body)
      SELECT $1, r.entity, r.id, counter.base + r.place, r.version, r.generation, r.deleted, counter.at, ${cut('body')}
      FROM counter, json_to_recordset(${parameters.add(JSON.stringify(rows.insert))}::json) AS r (${recordColumns}))`);
  }
  if (rows.update.length > 0) {
    ctes.push(`changed AS (
      UPDATE records AS t SET seq = counter.base + r.place, version = r.version, generation = r.generation,
        deleted = r.deleted, updated_at = counter.at, body = ${cut('body')}
      FROM counter, json_to_recordset(${parameters.add(JSON.stringify(rows.update))}::json) AS r (${recordColumns})
      WHERE t.tenant_id = $1 AND t.entity = r.entity AND t.id = r.id)`);
  }
  for (const key of [...typed.keys()].sort()) {
    const group = typed.get(key);
    if (group === undefined) continue;
    const sql = rowSql(entities[group.entity])[group.kind];
    ctes.push(`${key} AS (${sql.replace('$rows', parameters.add(JSON.stringify(group.rows)))})`);
  }
}

function typedRow(record: RecordWrite, blob: Blob): JsonObject {
  const row: Record<string, JsonValue> = {
    id: record.id,
    place: record.place,
    created_at: record.createdAt,
    created_by: record.createdBy,
    updated_by: record.updatedBy,
    deleted_at: record.deletedAt,
  };
  for (const [field, value] of Object.entries(record.fields)) row[columnName(field)] = value;
  for (const [field, bytes] of Object.entries(record.sealed)) {
    const place = bytes === null ? {from: 0, length: 0} : blob.add(bytes);
    row[`${columnName(field)}_from`] = place.from;
    row[`${columnName(field)}_length`] = place.length;
  }
  return row;
}

function addConflicts(
  ctes: string[],
  {parameters, blob, conflicts}: {parameters: Parameters; blob: Blob; conflicts: readonly ConflictWrite[]},
): void {
  const rows = conflicts.map((conflict) => {
    const fields = blob.add(conflict.fields);
    return {
      id: conflict.id,
      place: conflict.place,
      entity: conflict.entity,
      record_id: conflict.recordId,
      key: conflict.key,
      field_names: conflict.fieldNames,
      summary: conflict.summary,
      winner_id: conflict.winnerId,
      loser_id: conflict.loserId,
      fields_from: fields.from,
      fields_length: fields.length,
    };
  });
  ctes.push(`disputed AS (
    INSERT INTO conflict_logs (tenant_id, id, seq, entity, record_id, key, fields, field_names, summary, winner_id, loser_id, created_at)
    SELECT $1, r.id, counter.base + r.place, r.entity, r.record_id, r.key, ${cut('fields')},
           ARRAY(SELECT json_array_elements_text(r.field_names)), r.summary, r.winner_id, r.loser_id, counter.at
    FROM counter, json_to_recordset(${parameters.add(JSON.stringify(rows))}::json) AS r (id uuid, place int, entity text, record_id uuid,
      key text, field_names json, summary text, winner_id text, loser_id text, fields_from int, fields_length int)
    ON CONFLICT (tenant_id, entity, record_id, key, winner_id, loser_id) DO NOTHING)`);
}

function addResults(
  ctes: string[],
  {parameters, results}: {parameters: Parameters; results: readonly ResultWrite[]},
): void {
  const rows = results.map(({deviceId, changeId, entity, id, place, result}) => ({
    device_id: deviceId,
    change_id: changeId,
    entity,
    record_id: id,
    place,
    result,
  }));
  ctes.push(`answered AS (
    INSERT INTO push_results (tenant_id, device_id, change_id, entity, record_id, seq, result)
    SELECT $1, r.device_id, r.change_id, r.entity, r.record_id, counter.base + r.place, r.result
    FROM counter, json_to_recordset(${parameters.add(JSON.stringify(rows))}::json) AS r (device_id uuid, change_id uuid, entity text,
      record_id uuid, place int, result jsonb))`);
}
