// Typed rows as the JSON text that row-sql.ts reads: written column by column, for objects of twenty columns that live
// for one statement cost a commit more than their text does.
import type {Entity} from '#crdt/entities/entity.ts';
import {columnName, hashColumn, storedColumns} from '#crdt/entities/fields.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {Blob} from './blob.ts';
import type {RecordWrite} from './record-write.ts';

/** A clear column, with what goes before its value. */
interface ClearColumn {
  readonly field: string;
  readonly head: string;
}

const clearByEntity = new WeakMap<Entity, readonly ClearColumn[]>();

function clearColumns(entity: Entity): readonly ClearColumn[] {
  const known = clearByEntity.get(entity);
  if (known !== undefined) return known;
  const columns = storedColumns(entity)
    .filter(({sensitive}) => !sensitive)
    .map(({field, column}) => ({field, head: `,${JSON.stringify(column)}:`}));
  clearByEntity.set(entity, columns);
  return columns;
}

/** One row. Null is what Postgres takes an absent column for. Bytes go into the blob, and the row says where. */
export function typedRow(entity: Entity, record: RecordWrite, blob: Blob): string {
  const text = (value: JsonValue): string => JSON.stringify(value);
  const {fields, sealed, hashes} = record;
  let row = `{"id":${text(record.id)},"place":${record.place},"created_at":${text(record.createdAt)},"created_by":${text(record.createdBy)},"updated_by":${text(record.updatedBy)}`;
  if (record.deletedAt !== null) row += `,"deleted_at":${text(record.deletedAt)}`;
  for (const {field, head} of clearColumns(entity)) {
    const value = fields[field] ?? null;
    if (value !== null) row += head + text(value);
  }
  const addBytes = (column: string, bytes: Uint8Array | null): void => {
    const {from, length} = bytes === null ? NO_BYTES : blob.add(bytes);
    row += `,"${column}_from":${from},"${column}_length":${length}`;
  };
  for (const field in sealed) addBytes(columnName(field), sealed[field] ?? null);
  for (const field in hashes) addBytes(hashColumn(field), hashes[field] ?? null);
  return `${row}}`;
}

/** Clears the column. */
const NO_BYTES = {from: 0, length: 0};
