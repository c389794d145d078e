// A kept change as managers see it: what it says, beside what the record says now.
import type {AuditEntry} from '#crdt/change.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonValue} from '#crdt/json.ts';
import {isoText} from '#crdt/protocol/moments.ts';
import type {KeptChangeJson} from '#crdt/protocol/quarantine.ts';
import {DELETED_AT, fieldsOf, type RecordState} from '#crdt/record.ts';
import {readWritten, type Written} from '#crdt/written.ts';
import {auditPlace} from '#db/audit-log.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {QuarantineRow} from '#db/quarantine.ts';
import {openKept, type KeptChange} from './quarantine-write.ts';

type Said = KeptChangeJson['changes'][number];

const utf8 = new TextDecoder();

export const keptOf = (cipher: TenantCipher, {id, entity, recordId, change}: QuarantineRow): KeptChange =>
  openKept(cipher, {quarantineId: id, entity, id: recordId, change});

/** record: as it is now; undefined if there is none. */
export function keptChangeJson(
  cipher: TenantCipher,
  row: QuarantineRow,
  record: RecordState | undefined,
): KeptChangeJson {
  const {id, entity, recordId, userId, deviceId, authorName: name, employeeId, decidedAt, decidedBy} = row;
  const kept = keptOf(cipher, row);
  const written = writtenIn(kept);
  const note = noteOf(cipher, row);
  return {
    id,
    entity,
    entityId: recordId,
    author: {userId, deviceId, name, employeeId},
    arrivedAt: row.arrivedAt.toISOString(),
    encoding: written === null ? 'json' : 'yjs',
    changes: written === null ? saidInJson(kept, record) : saidInUpdate(written, record),
    unread: written?.unread ?? 0,
    status: row.status,
    ...(decidedAt === null ? {} : {decidedAt: decidedAt.toISOString()}),
    ...(decidedBy === null ? {} : {decidedBy}),
    ...(row.decisionSeq === null ? {} : {decisionSeq: row.decisionSeq}),
    ...(note === undefined ? {} : {note}),
  };
}

/** Null for JSON, which says by itself what it writes. */
export function writtenIn({change, surroundings}: KeptChange): Written | null {
  if (change.kind !== 'update' || surroundings === null) return null;
  return readWritten(entities[change.entity], change, surroundings);
}

function saidInJson({change}: KeptChange, record: RecordState | undefined): Said[] {
  if (change.kind !== 'json') return [];
  const at = isoText(change.at);
  if (change.op === 'delete')
    return [{field: DELETED_AT, value: at, current: currentOf(record, DELETED_AT), at}];
  const fields = record === undefined ? {} : fieldsOf(record);
  return Object.entries(change.payload).map(([field, value]) => ({
    field,
    value,
    current: Object.hasOwn(fields, field) ? fields[field] : currentOf(record, field),
    at,
  }));
}

function saidInUpdate({values, texts}: Written, record: RecordState | undefined): Said[] {
  return [
    ...values.map(({key, at, value}) => ({
      field: key,
      // The value of a delete is what its device had seen, which says nothing to people.
      value: key === DELETED_AT && value !== null ? isoText(at ?? 0) : value,
      current: currentOf(record, key),
      at: at === null ? null : isoText(at),
    })),
    ...texts.map(({field, text}) => ({
      field,
      value: text,
      current: record?.doc.getText(`text:${field}`).toJSON() ?? null,
      at: null,
      text: true,
    })),
  ];
}

const currentOf = (record: RecordState | undefined, key: string): JsonValue =>
  record?.writes.get(key)?.value ?? null;

/** A discarding manager's note lies in the log, sealed. */
export const sealNote = (
  cipher: TenantCipher,
  row: Pick<QuarantineRow, 'entity' | 'recordId'>,
  note: string,
): Uint8Array => {
  const entry: AuditEntry = {key: NOTE, before: null, after: note};
  return cipher.seal(new TextEncoder().encode(JSON.stringify([entry])), auditPlace(row));
};

const NOTE = 'note';

function noteOf(cipher: TenantCipher, row: QuarantineRow): string | undefined {
  if (row.detail === null) return undefined;
  const entries = JSON.parse(utf8.decode(cipher.open(row.detail, auditPlace(row)))) as AuditEntry[];
  const entry = entries.find(({key}) => key === NOTE);
  return entry !== undefined && 'after' in entry && typeof entry.after === 'string' ? entry.after : undefined;
}
