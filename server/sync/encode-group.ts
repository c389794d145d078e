// A decided group as bytes and rows: documents encoded and sealed once, conflicts and log rows beside them.
import {randomUUID} from 'node:crypto';
import type {AuditEntry} from '#crdt/change.ts';
import type {Entity} from '#crdt/entities/entity.ts';
import {sensitiveFields} from '#crdt/entities/fields.ts';
import type {JsonObject} from '#crdt/json.ts';
import {encodeRecord, type EncodedRecord} from '#crdt/record-codec.ts';
import {deletedAtOf} from '#crdt/record.ts';
import {PENDING_SEQ} from '#crdt/write.ts';
import type {AuditRow} from '#db/audit-chain.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {GroupWrite} from '#db/group-commit.ts';
import type {RecordWrite} from '#db/record-write.ts';
import type {ConflictWrite, QuarantineWrite, ResultWrite} from '#db/group-notes.ts';
import {bodyPlace, memoryPlace} from '#db/records.ts';
import {conflictPair, type GroupDecision, type Logged, type WorkingRecord} from './decide-group.ts';
import {fingerprintOf} from './fingerprints.ts';
import type {CommittedConflict, ConflictNotice, Submission} from './submission.ts';

export interface EncodedGroup {
  readonly write: GroupWrite;
  /** Yjs state of each changed record. */
  readonly states: ReadonlyMap<WorkingRecord, Uint8Array>;
  /** By place; without base, which the commit gives. */
  readonly conflicts: readonly (CommittedConflict & {readonly place: number})[];
  /** What the author of the change at a place is told. */
  readonly noticesOf: (place: number) => ConflictNotice[];
}

const utf8 = new TextEncoder();

export function encodeGroup(
  cipher: TenantCipher,
  {
    decision,
    records,
    results,
    quarantined,
  }: {
    decision: GroupDecision;
    records: Iterable<WorkingRecord>;
    quarantined: readonly QuarantineWrite[];
    results: (noticesOf: (place: number) => ConflictNotice[]) => ResultWrite[];
  },
): EncodedGroup {
  const states = new Map<WorkingRecord, Uint8Array>();
  const writes: RecordWrite[] = [];
  for (const working of records) {
    if (working.place === 0) continue;
    const encoded = encodeRecord(working.record, PENDING_SEQ + working.place);
    states.set(working, encoded.state);
    writes.push(recordWrite(cipher, working, encoded));
  }
  const conflicts = decision.logged.flatMap((logged, index) => conflictsOf(logged, index + 1));
  const notices = new Map<number, ConflictNotice[]>();
  for (const {place, id, key} of conflicts) {
    notices.set(place, [...(notices.get(place) ?? []), {id, fields: [key]}]);
  }
  const noticesOf = (place: number): ConflictNotice[] => notices.get(place) ?? [];
  return {
    states,
    conflicts,
    noticesOf,
    write: {
      records: writes,
      conflicts: conflicts.map((conflict) => conflictWrite(cipher, conflict)),
      audit: [
        ...decision.logged.map((logged) => auditRow(cipher, logged)),
        ...decision.approved.map(approvalRow),
        ...decision.sent.map(sendRow),
      ],
      results: results(noticesOf),
      quarantined,
      deliveries: decision.sent.flatMap(({sends = []}) => sends),
      approved: decision.approved.flatMap(({approval}, index) =>
        approval === undefined
          ? []
          : [
              {
                quarantineId: approval.quarantineId,
                place: decision.logged.length + index + 1,
                by: approval.by.userId,
              },
            ],
      ),
    },
  };
}

function recordWrite(cipher: TenantCipher, working: WorkingRecord, encoded: EncodedRecord): RecordWrite {
  const {record, isNew, place} = working;
  const key = {entity: record.entity.name, id: record.id};
  const version = working.version + 1;
  const {sealed, hashes} = sealSensitive(cipher, working, encoded.fields);
  const createdBy = record.created?.by ?? '';
  return {
    ...key,
    place,
    isNew,
    version,
    generation: record.generation,
    body: cipher.seal(encoded.body, bodyPlace(key, version)),
    memory: cipher.seal(encoded.memory, memoryPlace(key, version)),
    fields: encoded.fields,
    sealed,
    hashes,
    createdAt: new Date(record.created?.at ?? 0).toISOString(),
    createdBy,
    updatedBy: record.updatedBy ?? createdBy,
    deletedAt: deletedAtOf(record),
  };
}

/** Sensitive fields are sealed, and only those that changed; findable ones get their fingerprint with it. */
function sealSensitive(
  cipher: TenantCipher,
  {record, isNew, changedFields}: WorkingRecord,
  all: JsonObject,
): Pick<RecordWrite, 'sealed' | 'hashes'> {
  const sealed: Record<string, Uint8Array | null> = {};
  const hashes: Record<string, Uint8Array | null> = {};
  const {entity} = record;
  for (const name of sensitiveFields(entity)) {
    if (!isNew && !changedFields.has(name)) continue;
    const value = all[name] ?? null;
    const place = columnPlace(entity, name, record.id);
    sealed[name] =
      value === null || value === '' ? null : cipher.seal(utf8.encode(JSON.stringify(value)), place);
    const hash = fingerprintOf(cipher, {entity, field: name, value});
    if (hash !== undefined) hashes[name] = hash;
  }
  return {sealed, hashes};
}

type PlacedConflict = CommittedConflict & {readonly place: number};

function conflictsOf({submission, outcome}: Logged, place: number): PlacedConflict[] {
  const {entity, id} = submission.change;
  return outcome.conflicts.map(({key, entries}) => ({
    id: randomUUID(),
    seq: 0,
    place,
    entity,
    recordId: id,
    key,
    entries,
  }));
}

function conflictWrite(cipher: TenantCipher, conflict: PlacedConflict): ConflictWrite {
  const {id, place, entity, recordId, key, entries} = conflict;
  return {
    id,
    place,
    entity,
    recordId,
    key,
    fieldNames: [...new Set(entries.map(({field}) => field))],
    summary: `Concurrent writes to ${fieldName(key)}: the ${winnerReason(conflict)} was kept.`,
    ...conflictPair(conflict),
    fields: cipher.seal(utf8.encode(JSON.stringify(entries)), {
      table: 'conflict_logs',
      column: 'fields',
      record: id,
      version: 0,
    }),
  };
}

const winnerReason = ({entries: [entry]}: PlacedConflict): string =>
  entry === undefined || entry.winner.eff >= entry.loser.eff ? 'later one' : 'one that goes further';

/** Members and item ids may say something; fields do not. */
const fieldName = (key: string): string => key.split('/', 1)[0] ?? key;

function auditRow(cipher: TenantCipher, logged: Logged): AuditRow {
  const {submission, outcome, action} = logged;
  const {entity, id} = submission.change;
  const names = [...new Set(outcome.audit.map(({key}) => fieldName(key)))];
  return {
    action: `record.${action}`,
    entity,
    recordId: id,
    userId: submission.userId,
    deviceId: submission.deviceId === '' ? null : submission.deviceId,
    summary: names.length === 0 ? 'No field changed.' : `Changed ${names.join(', ')}.`,
    detail: sealDetail(cipher, outcome.audit, `${entity}/${id}`),
  };
}

/** Beside the row of what it changed, which is its author's. */
const approvalRow = ({change: {entity, id}, approval}: Submission): AuditRow => ({
  action: 'quarantine.applied',
  entity,
  recordId: id,
  userId: approval?.by.userId ?? null,
  deviceId: approval?.by.deviceId ?? null,
  summary: 'Applied a kept change.',
  detail: null,
});

const sendRow = ({change: {entity, id}, userId, deviceId, sends = []}: Submission): AuditRow => ({
  action: 'invoice.send',
  entity,
  recordId: id,
  userId,
  deviceId,
  summary: `Sent by ${sends.map(({channel}) => channel).join(', ')}.`,
  detail: null,
});

function sealDetail(cipher: TenantCipher, audit: readonly AuditEntry[], record: string): Uint8Array | null {
  if (audit.length === 0) return null;
  return cipher.seal(utf8.encode(JSON.stringify(audit)), {
    table: 'audit_logs',
    column: 'detail',
    record,
    version: 0,
  });
}

/** Where a sensitive column of a typed row is sealed to. */
export const columnPlace = (entity: Entity, field: string, id: string) => ({
  table: entity.name,
  column: field,
  record: id,
  version: 0,
});
