// Typed rows as a group's statement reads them: the columns of an entity's row source, and a record's cells in their
// order. Bytes go into the statement's blob, and the row says where.
import type {Entity} from '#crdt/entities/entity.ts';
import {storedColumns} from '#crdt/entities/fields.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {Blob} from './blob.ts';
import type {RecordWrite} from './record-write.ts';
import {sourceColumns, type SourceColumns, type SourceRow} from './row-source.ts';

export interface ValueColumn {
  readonly name: string;
  /** `bytea` is two columns in the source: where it begins in the blob, and its length. */
  readonly type: string;
}

export const commonColumns: readonly ValueColumn[] = [
  {name: 'created_at', type: 'timestamptz'},
  {name: 'created_by', type: 'uuid'},
  {name: 'updated_by', type: 'uuid'},
  {name: 'deleted_at', type: 'timestamptz'},
];

/** Those of the declared fields, in their order, each findable one's fingerprint after it. */
export const valueColumns = (entity: Entity): readonly ValueColumn[] =>
  storedColumns(entity).flatMap(({column, sqlType, hashColumn: hash}) => [
    {name: column, type: sqlType},
    ...(hash === undefined ? [] : [{name: hash, type: 'bytea'}]),
  ]);

/** Reads one field's cells off a record and adds them to its row. */
type AddCells = (cells: JsonValue[], record: RecordWrite, blob: Blob) => void;

interface TypedSource {
  readonly columns: SourceColumns;
  readonly adders: readonly AddCells[];
}

const sourceByEntity = new WeakMap<Entity, TypedSource>();

function typedSource(entity: Entity): TypedSource {
  const known = sourceByEntity.get(entity);
  if (known !== undefined) return known;
  const columns = [...valueColumns(entity), ...commonColumns].flatMap(({name, type}) =>
    type === 'bytea' ? [`"${name}_from" int`, `"${name}_length" int`] : [`"${name}" ${type}`],
  );
  const made = {
    columns: sourceColumns(['id uuid', 'place int', ...columns].join(', ')),
    adders: storedColumns(entity).flatMap(({field, sensitive, hashColumn: hash}): AddCells[] => [
      sensitive
        ? (cells, {sealed}, blob) => addPlace(cells, sealed[field], blob)
        : (cells, {fields}) => cells.push(fields[field] ?? null),
      ...(hash === undefined
        ? []
        : [(cells: JsonValue[], {hashes}: RecordWrite, blob: Blob) => addPlace(cells, hashes[field], blob)]),
    ]),
  };
  sourceByEntity.set(entity, made);
  return made;
}

function addPlace(cells: JsonValue[], bytes: Uint8Array | null | undefined, blob: Blob): void {
  if (bytes === undefined) cells.push(null, null);
  else if (bytes === null) cells.push(0, 0);
  else {
    const {from, length} = blob.add(bytes);
    cells.push(from, length);
  }
}

export const typedColumns = (entity: Entity): SourceColumns => typedSource(entity).columns;

/** One row. A place that is null leaves its column as it is; a length of 0 clears it. */
export function typedRow(entity: Entity, record: RecordWrite, blob: Blob): SourceRow {
  const cells: JsonValue[] = [record.id, record.place];
  for (const add of typedSource(entity).adders) add(cells, record, blob);
  cells.push(record.createdAt, record.createdBy, record.updatedBy, record.deletedAt);
  return cells;
}
