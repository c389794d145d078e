// What a lane's last statement writes beside records and the log: conflicts, results by change id, and changes that
// are kept for a manager.
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonValue} from '#crdt/json.ts';
import {cut, type GroupStatement} from './group-statement.ts';
import type {RecordKey} from './records.ts';

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

export function addConflicts(statement: GroupStatement, conflicts: readonly ConflictWrite[]): void {
  const json = conflicts.map((conflict) => {
    const fields = statement.blob.add(conflict.fields);
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
  const rows = statement.add(JSON.stringify(json));
  statement.part(
    'disputed',
    () => `disputed AS (
      INSERT INTO conflict_logs (tenant_id, id, seq, entity, record_id, key, fields, field_names, summary, winner_id, loser_id, created_at)
      SELECT $1, r.id, counter.base + r.place, r.entity, r.record_id, r.key, ${cut('fields')},
             ARRAY(SELECT json_array_elements_text(r.field_names)), r.summary, r.winner_id, r.loser_id, counter.at
      FROM counter, json_to_recordset(${rows}::json) AS r (id uuid, place int, entity text, record_id uuid, key text,
        field_names json, summary text, winner_id text, loser_id text, fields_from int, fields_length int)
      ON CONFLICT (tenant_id, entity, record_id, key, winner_id, loser_id) DO NOTHING)`,
  );
}

export function addResults(statement: GroupStatement, results: readonly ResultWrite[]): void {
  const json = results.map(({deviceId, changeId, entity, id, place, result}) => ({
    device_id: deviceId,
    change_id: changeId,
    entity,
    record_id: id,
    place,
    result,
  }));
  const rows = statement.add(JSON.stringify(json));
  statement.part(
    'answered',
    () => `answered AS (
      INSERT INTO push_results (tenant_id, device_id, change_id, entity, record_id, seq, result)
      SELECT $1, r.device_id, r.change_id, r.entity, r.record_id, counter.base + r.place, r.result
      FROM counter, json_to_recordset(${rows}::json) AS r (device_id uuid, change_id uuid, entity text, record_id uuid,
        place int, result jsonb))`,
  );
}

export function addQuarantined(statement: GroupStatement, quarantined: readonly QuarantineWrite[]): void {
  const json = quarantined.map((one) => {
    const fingerprint = statement.blob.add(one.fingerprint);
    const change = statement.blob.add(one.change);
    return {
      id: one.quarantineId,
      entity: one.entity,
      record_id: one.id,
      user_id: one.userId,
      device_id: one.deviceId,
      arrived_at: one.arrivedAt,
      fingerprint_from: fingerprint.from,
      fingerprint_length: fingerprint.length,
      change_from: change.from,
      change_length: change.length,
    };
  });
  const rows = statement.add(JSON.stringify(json));
  statement.part(
    'kept',
    () => `kept AS (
      INSERT INTO quarantined_changes (tenant_id, id, entity, record_id, user_id, device_id, fingerprint, change, arrived_at)
      SELECT $1, r.id, r.entity, r.record_id, r.user_id, r.device_id, ${cut('fingerprint')}, ${cut('change')}, r.arrived_at
      FROM counter, json_to_recordset(${rows}::json) AS r (id uuid, entity text, record_id uuid, user_id uuid, device_id uuid,
        arrived_at timestamptz, fingerprint_from int, fingerprint_length int, change_from int, change_length int)
      ON CONFLICT (tenant_id, device_id, fingerprint) DO NOTHING)`,
  );
}

export function addApproved(statement: GroupStatement, approved: readonly ApprovedWrite[]): void {
  const json = approved.map(({quarantineId: id, place, by}) => ({id, place, by}));
  const rows = statement.add(JSON.stringify(json));
  statement.part(
    'approved',
    () => `approved AS (
      UPDATE quarantined_changes AS q
      SET status = 'applied', decided_at = counter.at, decided_by = r.by, decision_seq = counter.base + r.place
      FROM counter, json_to_recordset(${rows}::json) AS r (id uuid, place int, by uuid)
      WHERE q.tenant_id = $1 AND q.id = r.id)`,
  );
}
