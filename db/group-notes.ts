// What a lane's last statement writes beside records and the log: conflicts, results by change id, and changes that
// are kept for a manager.
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonValue} from '#crdt/json.ts';
import {cut, type GroupStatement} from './group-statement.ts';
import type {RecordKey} from './records.ts';
import {sourceColumns} from './row-source.ts';

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

/** A change that is kept for a manager instead of being applied. */
export interface QuarantineWrite extends RecordKey {
  readonly quarantineId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly fingerprint: Uint8Array;
  /** Sealed. */
  readonly change: Uint8Array;
  /** ISO 8601. */
  readonly arrivedAt: string;
}

/** A kept change that is applied with the group; the caller has it locked and open. */
export interface ApprovedWrite {
  readonly quarantineId: string;
  /** Of the decision's row in the log. */
  readonly place: number;
  readonly by: string;
}

const conflictColumns = sourceColumns(
  `id uuid, place int, entity text, record_id uuid, key text, field_names json, summary text,
   winner_id text, loser_id text, fields_from int, fields_length int`,
);

export function addConflicts(statement: GroupStatement, conflicts: readonly ConflictWrite[]): void {
  const rows = conflicts.map((conflict) => {
    const {id, place, entity, recordId, key, fieldNames, summary, winnerId, loserId} = conflict;
    const {from, length} = statement.blob.add(conflict.fields);
    return [id, place, entity, recordId, key, [...fieldNames], summary, winnerId, loserId, from, length];
  });
  const source = statement.addRows(conflictColumns, rows);
  statement.part(
    'disputed',
    () => `disputed AS (
      INSERT INTO conflict_logs (tenant_id, id, seq, entity, record_id, key, fields, field_names, summary, winner_id, loser_id, created_at)
      SELECT $1, r.id, counter.base + r.place, r.entity, r.record_id, r.key, ${cut('fields')},
             ARRAY(SELECT json_array_elements_text(r.field_names)), r.summary, r.winner_id, r.loser_id, counter.at
      FROM counter, ${source()}
      ON CONFLICT (tenant_id, entity, record_id, key, winner_id, loser_id) DO NOTHING)`,
  );
}

const resultColumns = sourceColumns(
  'device_id uuid, change_id uuid, entity text, record_id uuid, place int, result jsonb',
);

export function addResults(statement: GroupStatement, results: readonly ResultWrite[]): void {
  const rows = results.map(({deviceId, changeId, entity, id, place, result}) => [
    deviceId,
    changeId,
    entity,
    id,
    place,
    result,
  ]);
  const source = statement.addRows(resultColumns, rows);
  statement.part(
    'answered',
    () => `answered AS (
      INSERT INTO push_results (tenant_id, device_id, change_id, entity, record_id, seq, result)
      SELECT $1, r.device_id, r.change_id, r.entity, r.record_id, counter.base + r.place, r.result
      FROM counter, ${source()})`,
  );
}

const quarantineColumns = sourceColumns(
  `id uuid, entity text, record_id uuid, user_id uuid, device_id uuid, arrived_at timestamptz,
   fingerprint_from int, fingerprint_length int, change_from int, change_length int`,
);

export function addQuarantined(statement: GroupStatement, quarantined: readonly QuarantineWrite[]): void {
  const rows = quarantined.map((one) => {
    const fingerprint = statement.blob.add(one.fingerprint);
    const change = statement.blob.add(one.change);
    return [
      one.quarantineId,
      one.entity,
      one.id,
      one.userId,
      one.deviceId,
      one.arrivedAt,
      fingerprint.from,
      fingerprint.length,
      change.from,
      change.length,
    ];
  });
  const source = statement.addRows(quarantineColumns, rows);
  statement.part(
    'kept',
    () => `kept AS (
      INSERT INTO quarantined_changes (tenant_id, id, entity, record_id, user_id, device_id, fingerprint, change, arrived_at)
      SELECT $1, r.id, r.entity, r.record_id, r.user_id, r.device_id, ${cut('fingerprint')}, ${cut('change')}, r.arrived_at
      FROM counter, ${source()}
      ON CONFLICT (tenant_id, device_id, fingerprint) DO NOTHING)`,
  );
}

const approvedColumns = sourceColumns('id uuid, place int, by uuid');

export function addApproved(statement: GroupStatement, approved: readonly ApprovedWrite[]): void {
  const rows = approved.map(({quarantineId, place, by}) => [quarantineId, place, by]);
  const source = statement.addRows(approvedColumns, rows);
  statement.part(
    'approved',
    () => `approved AS (
      UPDATE quarantined_changes AS q
      SET status = 'applied', decided_at = counter.at, decided_by = r.by, decision_seq = counter.base + r.place
      FROM counter, ${source()}
      WHERE q.tenant_id = $1 AND q.id = r.id)`,
  );
}
