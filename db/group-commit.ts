// The last statement of a lane's transaction: takes the tenant's counter and writes documents, typed rows,
// conflicts, the log and push results, all at once. The counter's lock is held for this and the COMMIT only.
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {auditDigest, auditHeadSql, groupDigest, type AuditRow} from './audit-chain.ts';
import {COUNTER_AT_SQL} from './audit.ts';
import type {Blob} from './blob.ts';
import {addDeliveries, type DeliveryWrite} from './group-deliveries.ts';
import {
  addApproved,
  addConflicts,
  addQuarantined,
  addResults,
  type ApprovedWrite,
  type ConflictWrite,
  type QuarantineWrite,
  type ResultWrite,
} from './group-notes.ts';
import {createGroupStatement, cut, type GroupStatement} from './group-statement.ts';
import type {RecordWrite} from './record-write.ts';
import type {RecordKey} from './records.ts';
import {sourceColumns, type SourceRow} from './row-source.ts';
import {rowSql} from './row-sql.ts';
import type {OneStatement} from './transaction.ts';
import {typedColumns, typedRow} from './typed-rows.ts';

export interface GroupWrite {
  /** One row per position, in order. */
  readonly audit: readonly AuditRow[];
  readonly records: readonly RecordWrite[];
  readonly conflicts: readonly ConflictWrite[];
  readonly results: readonly ResultWrite[];
  /** One that is kept already is left as it is. */
  readonly quarantined: readonly QuarantineWrite[];
  readonly approved: readonly ApprovedWrite[];
  /** A message that was made before is left as it is. */
  readonly deliveries: readonly DeliveryWrite[];
}

export interface GroupCommitted {
  /** The group's positions are base + 1 to base + audit.length. */
  readonly base: number;
  readonly at: Date;
}

/** A record that the group was decided on as a cache has it: nobody may have changed it since. */
export interface ExpectedRecord extends RecordKey {
  readonly version: number;
}

/** What must still hold for the group to be written. */
export interface GroupTerms {
  readonly tenantId: TenantId;
  readonly accessVersion: number;
  /** Null: nobody's scope decided anything in the group. */
  readonly scopeVersion: number | null;
  /** Locked first, in one order for all callers; empty where the caller holds the locks. */
  readonly expected: readonly ExpectedRecord[];
}

/**
 * Writes a group. Null: its terms no longer hold, and nothing was written. A unique violation on a record means
 * that another node made it meanwhile.
 */
export async function writeGroup(
  client: OneStatement,
  {tenantId, accessVersion, scopeVersion, expected}: GroupTerms,
  group: GroupWrite,
): Promise<GroupCommitted | null> {
  const statement = createGroupStatement([tenantId, group.audit.length, accessVersion, scopeVersion], {
    isOfOne: group.audit.length === 1 && group.records.length === 1 && expected.length <= 1,
  });
  if (expected.length > 0) addLocks(statement, expected);
  if (group.audit.length === 0) addUnlogged(statement);
  else addLogged(statement, {tenantId, audit: group.audit, isGated: expected.length > 0});
  if (group.records.length > 0) addRecords(statement, group.records);
  if (group.conflicts.length > 0) addConflicts(statement, group.conflicts);
  if (group.results.length > 0) addResults(statement, group.results);
  if (group.quarantined.length > 0) addQuarantined(statement, group.quarantined);
  if (group.approved.length > 0) addApproved(statement, group.approved);
  if (group.deliveries.length > 0) addDeliveries(statement, group.deliveries);
  const {text, name} = statement.finish('SELECT base, at FROM counter');
  const query = {text, values: statement.values, ...(name === undefined ? {} : {name})};
  const {rows} = await client.query<GroupCommitted>(query);
  return rows[0] ?? null;
}

const expectedColumns = sourceColumns('entity text, id uuid, version int');

/** Waits for other nodes here, before the counter is taken: nobody waits for a record while holding the counter. */
function addLocks(statement: GroupStatement, expected: readonly ExpectedRecord[]): void {
  const source = statement.addRows(
    expectedColumns,
    expected.map(({entity, id, version}) => [entity, id, version]),
  );
  const count = statement.add(expected.length);
  statement.part(
    'locked',
    () => `locked AS MATERIALIZED (
      SELECT l.id
      FROM (SELECT entity, id, version FROM ${source()} ORDER BY entity, id) AS k
      CROSS JOIN LATERAL (
        SELECT r.id FROM records r
        WHERE r.tenant_id = $1 AND r.entity = k.entity AND r.id = k.id AND r.version = k.version
        LIMIT 1 FOR UPDATE) AS l
    ), unmoved AS MATERIALIZED (SELECT count(*) = ${count}::int AS all_of_them FROM locked)`,
  );
}

const VERSIONS_HOLD_SQL = 'access_version = $3 AND ($4::bigint IS NULL OR scope_version = $4)';

/** Nothing of the group gets a position: the counter is read and left as it is, its chained head above all. */
function addUnlogged(statement: GroupStatement): void {
  statement.part(
    'counter',
    () => `counter AS (
      SELECT seq - $2::int AS base, at FROM tenant_counters WHERE tenant_id = $1 AND ${VERSIONS_HOLD_SQL})`,
  );
}

function addLogged(
  statement: GroupStatement,
  {tenantId, audit, isGated}: {tenantId: TenantId; audit: readonly AuditRow[]; isGated: boolean},
): void {
  const digests = audit.map((row) => auditDigest(tenantId, row));
  const head = statement.add(groupDigest(digests));
  const gate = isGated ? 'AND (SELECT all_of_them FROM unmoved)' : '';
  statement.part(
    'advanced',
    () => `counter AS (
      UPDATE tenant_counters SET seq = seq + $2::int, at = ${COUNTER_AT_SQL}, audit_head = ${auditHeadSql(head)}
      WHERE tenant_id = $1 AND ${VERSIONS_HOLD_SQL} ${gate}
      RETURNING seq - $2::int AS base, at)`,
  );
  const source = statement.addRows(
    auditColumns,
    audit.map((row, index) => auditCells(statement.blob, {row, index, digests})),
  );
  statement.part(
    'logged',
    () => `logged AS (
      INSERT INTO audit_logs (tenant_id, seq, at, group_seq, action, entity, record_id, user_id, device_id, summary, detail, digest)
      SELECT $1, counter.base + r.place, counter.at, counter.base + 1, r.action, r.entity, r.record_id, r.user_id, r.device_id,
             r.summary, ${cut('detail')}, ${cut('digest')}
      FROM counter, ${source()})`,
  );
}

const auditColumns = sourceColumns(
  `place int, action text, entity text, record_id uuid, user_id uuid, device_id uuid, summary text,
   detail_from int, detail_length int, digest_from int, digest_length int`,
);

function auditCells(
  blob: Blob,
  {row, index, digests}: {row: AuditRow; index: number; digests: readonly Uint8Array[]},
): SourceRow {
  const detail = row.detail === null ? {from: 0, length: null} : blob.add(row.detail);
  const digest = blob.add(digests[index] ?? new Uint8Array());
  const {action, entity, recordId, userId, deviceId, summary} = row;
  return [
    index + 1,
    action,
    entity,
    recordId,
    userId,
    deviceId,
    summary,
    detail.from,
    detail.length,
    digest.from,
    digest.length,
  ];
}

const recordColumns = sourceColumns(
  `entity text, id uuid, place int, version int, generation int, deleted boolean,
   body_from int, body_length int, memory_from int, memory_length int`,
);

function addRecords(statement: GroupStatement, records: readonly RecordWrite[]): void {
  const {blob} = statement;
  const documents = {insert: [] as SourceRow[], update: [] as SourceRow[]};
  const typed = new Map<string, {entity: EntityName; kind: 'insert' | 'update'; rows: SourceRow[]}>();
  for (const record of records) {
    const kind = record.isNew ? 'insert' : 'update';
    documents[kind].push(documentCells(record, blob));
    const key = `${record.entity}_${kind}`;
    const group = typed.get(key) ?? {entity: record.entity, kind, rows: []};
    typed.set(key, group);
    group.rows.push(typedRow(entities[record.entity], record, blob));
  }
  if (documents.insert.length > 0) addMade(statement, documents.insert);
  if (documents.update.length > 0) addChanged(statement, documents.update);
  for (const [key, {entity, kind, rows}] of [...typed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const source = statement.addRows(typedColumns(entities[entity]), rows);
    statement.part(key, () => `${key} AS (${rowSql(entities[entity], source())[kind]})`);
  }
}

function addMade(statement: GroupStatement, documents: readonly SourceRow[]): void {
  const source = statement.addRows(recordColumns, documents);
  statement.part(
    'made',
    () => `made AS (
      INSERT INTO records (tenant_id, entity, id, seq, version, generation, deleted, updated_at, body, memory)
      SELECT $1, r.entity, r.id, counter.base + r.place, r.version, r.generation, r.deleted, counter.at, ${cut('body')},
        ${cut('memory')}
      FROM counter, ${source()})`,
  );
}

function addChanged(statement: GroupStatement, documents: readonly SourceRow[]): void {
  const source = statement.addRows(recordColumns, documents);
  statement.part(
    'changed',
    () => `changed AS (
      UPDATE records AS t SET seq = counter.base + r.place, version = r.version, generation = r.generation,
        deleted = r.deleted, updated_at = counter.at, body = ${cut('body')}, memory = ${cut('memory')}
      FROM counter, ${source()}
        CROSS JOIN LATERAL (
          SELECT ctid FROM records WHERE tenant_id = $1 AND entity = r.entity AND id = r.id LIMIT 1) AS found
      WHERE t.tenant_id = $1 AND t.ctid = found.ctid)`,
  );
}

function documentCells(record: RecordWrite, blob: Blob): SourceRow {
  const body = blob.add(record.body);
  const memory = blob.add(record.memory);
  const {entity, id, place, version, generation, deletedAt} = record;
  return [
    entity,
    id,
    place,
    version,
    generation,
    deletedAt !== null,
    body.from,
    body.length,
    memory.from,
    memory.length,
  ];
}
