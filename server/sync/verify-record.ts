// Proves one record: what its document shows is what is remembered, what a pull answers, and what the typed row says.
import type {Entity} from '#crdt/entities/entity.ts';
import {storedColumns, type StoredColumn} from '#crdt/entities/fields.ts';
import {flattenDocument} from '#crdt/flatten.ts';
import {canonicalJson, isEqualJson, type JsonObject, type JsonValue} from '#crdt/json.ts';
import type {BodyParts} from '#crdt/record-codec.ts';
import {deletedAtOf, fieldsOf, type RecordState} from '#crdt/record.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {TypedRow, VerifiedRecord} from '#db/verify-reads.ts';
import {columnPlace} from './encode-group.ts';
import {fingerprintOf} from './fingerprints.ts';
import {openBody, openWithMemory} from './open-record.ts';

/** What is wrong with a record, each with where; values are never in it. */
export interface RecordFault {
  readonly place: string;
  readonly message: string;
}

const text = new TextDecoder();

export function verifyRecord(
  entity: Entity,
  {stored, row, cipher}: {stored: VerifiedRecord; row: TypedRow | undefined; cipher: TenantCipher},
): RecordFault[] {
  const {id} = stored;
  const opened = openEither(cipher, stored);
  if ('fault' in opened) return [opened.fault];
  const {record, body} = opened;
  const {fields, isDeleted} = flattenDocument(entity, record.doc);
  const faults: RecordFault[] = [];
  const check = (holds: boolean, place: string, message: string): void => {
    if (!holds) faults.push({place, message});
  };
  check(record.doc.store.pendingStructs === null, 'records.body', 'holds a document with missing parts');
  check(stored.loggedId === id, 'records.seq', 'is not where the log has a change of this record');
  check(stored.deleted === isDeleted, 'records.deleted', 'is not what the document says');
  const remembered = fieldsOf(record);
  const payload = JSON.parse(text.decode(body.payload)) as JsonObject;
  for (const name of Object.keys(entity.fields)) {
    const shown = fields[name] ?? null;
    check(
      isEqualJson(remembered[name] ?? null, shown),
      name,
      'is remembered otherwise than the document has it',
    );
    check(
      isEqualJson(payload[name] ?? null, shown),
      name,
      'is in the payload otherwise than in the document',
    );
  }
  if (row === undefined) return [...faults, {place: entity.name, message: 'has no row'}];
  const facts = {fields, stored, record, payload, isDeleted};
  return [...faults, ...verifyCommon(row, facts), ...verifyColumns(entity, {row, fields, cipher})];
}

function openEither(
  cipher: TenantCipher,
  stored: VerifiedRecord,
): {record: RecordState; body: BodyParts} | {fault: RecordFault} {
  try {
    return openWithMemory(cipher, stored);
  } catch {
    const place = canOpenBody(cipher, stored) ? 'records.memory' : 'records.body';
    return {fault: {place, message: 'cannot be opened'}};
  }
}

function canOpenBody(cipher: TenantCipher, stored: VerifiedRecord): boolean {
  try {
    openBody(cipher, stored);
    return true;
  } catch {
    return false;
  }
}

/** Columns that every typed row has. */
function verifyCommon(
  row: TypedRow,
  {
    stored,
    record,
    payload,
    isDeleted,
  }: {stored: VerifiedRecord; record: RecordState; payload: JsonObject; isDeleted: boolean},
): RecordFault[] {
  const deletedAt = deletedAtOf(record);
  const expected: Readonly<Record<string, JsonValue>> = {
    seq: stored.seq,
    updated_at: stored.updatedAt.toISOString(),
    created_at: record.created === null ? null : new Date(record.created.at).toISOString(),
    created_by: record.created?.by ?? null,
    updated_by: record.updatedBy,
    deleted_at: deletedAt,
  };
  const faults = Object.entries(expected)
    .filter(([column, value]) => !isEqualJson(asJson(row[column]), value))
    .map(([column]) => ({place: column, message: 'differs between the row and the record'}));
  const inPayload = [
    payload['deletedAt'] ?? null,
    payload['createdBy'] ?? null,
    payload['updatedBy'] ?? null,
  ];
  const isSame = isEqualJson(inPayload, [deletedAt, record.created?.by ?? null, record.updatedBy]);
  if (!isSame || (deletedAt !== null) !== isDeleted) {
    faults.push({place: 'records.body', message: 'says otherwise than its document who wrote or deleted it'});
  }
  return faults;
}

function verifyColumns(
  entity: Entity,
  {row, fields, cipher}: {row: TypedRow; fields: JsonObject; cipher: TenantCipher},
): RecordFault[] {
  return storedColumns(entity).flatMap((column) => {
    const expected = fields[column.field] ?? null;
    const found = columnValue(entity, {column, row, cipher});
    if (found === undefined) return [{place: column.column, message: 'cannot be opened'}];
    const isSame = canonicalJson(normal(column, expected)) === canonicalJson(normal(column, found));
    const faults = isSame
      ? []
      : [{place: column.column, message: 'differs between the row and the document'}];
    return [...faults, ...verifyHash(entity, {column, value: expected, row, cipher})];
  });
}

function verifyHash(
  entity: Entity,
  {column, value, row, cipher}: {column: StoredColumn; value: JsonValue; row: TypedRow; cipher: TenantCipher},
): RecordFault[] {
  const {field, hashColumn} = column;
  if (hashColumn === undefined) return [];
  const expected = fingerprintOf(cipher, {entity, field, value}) ?? null;
  const found = row[hashColumn] as Buffer | null;
  const isSame = found === null || expected === null ? found === expected : found.equals(expected);
  const message = found === null ? 'is missing' : 'is not the fingerprint of what the document says';
  return isSame ? [] : [{place: hashColumn, message}];
}

/** Undefined: sealed, and not for this place. */
function columnValue(
  entity: Entity,
  {column, row, cipher}: {column: StoredColumn; row: TypedRow; cipher: TenantCipher},
): JsonValue | undefined {
  const value = row[column.column];
  if (!column.sensitive || value === null) return asJson(value);
  try {
    const plain = cipher.open(value as Buffer, columnPlace(entity, column.field, row.id));
    return JSON.parse(text.decode(plain)) as JsonValue;
  } catch {
    return undefined;
  }
}

const asJson = (value: unknown): JsonValue =>
  value instanceof Date ? value.toISOString() : ((value ?? null) as JsonValue);

/** Moments may be spelled in several ways, and nothing sealed stands for an empty text. */
function normal(column: StoredColumn, value: JsonValue): JsonValue {
  if (column.sensitive && value === '') return null;
  if (column.sqlType === 'timestamptz' && typeof value === 'string') return new Date(value).toISOString();
  return value;
}
