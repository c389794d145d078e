// What a list of an entity can be narrowed and sorted by, derived from its declaration. Sealed values neither compare
// nor sort: of those only findable ones can be asked for, by a whole value. Columns come from here, never from a request.
import {z} from 'zod';
import type {Entity, Field, RegisterField} from './entity.ts';
import {columnName, hashColumn, isFindable} from './fields.ts';
import {schedule} from './value-objects.ts';

/** One query parameter. The column is the declared field's, or that of its fingerprint. */
export type ListFilter = {readonly param: string; readonly column: string} & (
  | {readonly kind: 'choice'; readonly values: readonly string[]}
  | {readonly kind: 'flag'}
  /** The field names one record, or none. */
  | {readonly kind: 'reference'}
  /** The set has this member. */
  | {readonly kind: 'member'}
  | {readonly kind: 'from' | 'to'; readonly sql: 'timestamptz' | 'date'}
  /** A span of time that is not over before a moment, or begins by one: together, those that overlap. */
  | {readonly kind: 'span-from' | 'span-to'}
  /** The sealed field, named as the parameter, has this value. */
  | {readonly kind: 'equal'; readonly field: RegisterField}
);

const filtersByEntity = new WeakMap<Entity, readonly ListFilter[]>();

/** In the order of the declaration. */
export function listFilters(entity: Entity): readonly ListFilter[] {
  const known = filtersByEntity.get(entity);
  if (known !== undefined) return known;
  const filters = Object.entries(entity.fields).flatMap(([name, field]) =>
    field.sensitive ? sealedFilters(name, field) : filtersOf(name, field),
  );
  filtersByEntity.set(entity, filters);
  return filters;
}

const sealedFilters = (name: string, field: Field): ListFilter[] =>
  isFindable(field) ? [{kind: 'equal', param: name, column: hashColumn(name), field}] : [];

function filtersOf(name: string, field: Field): ListFilter[] {
  const column = columnName(name);
  // One member is asked for: `teamIds` by `teamId`.
  if (field.kind === 'set') return [{kind: 'member', param: name.replace(/s$/, ''), column}];
  if (field.kind !== 'register' && field.kind !== 'server') return [];
  if (field.schema === schedule) {
    return [
      {kind: 'span-from', param: `${name}From`, column},
      {kind: 'span-to', param: `${name}To`, column},
    ];
  }
  if (field.schema instanceof z.ZodEnum)
    return [{kind: 'choice', param: name, column, values: field.schema.options.map(String)}];
  switch (field.sql) {
    case 'boolean':
      return [{kind: 'flag', param: name, column}];
    case 'uuid':
      return [{kind: 'reference', param: name, column}];
    case 'timestamptz':
    case 'date':
      return [
        {kind: 'from', param: `${name}From`, column, sql: field.sql},
        {kind: 'to', param: `${name}To`, column, sql: field.sql},
      ];
    default:
      return [];
  }
}

/** What a list is sorted by. `log`: the order of the records' latest changes. */
export type ListSort = {readonly name: string} & (
  | {readonly kind: 'log'}
  | {readonly kind: 'column'; readonly column: string; readonly sql: SortType}
  /** By the start of a span of time. */
  | {readonly kind: 'span'; readonly column: string}
);

export type SortType = 'text' | 'integer' | 'bigint' | 'timestamptz' | 'date';

const sortTypes: ReadonlySet<string> = new Set<SortType>([
  'text',
  'integer',
  'bigint',
  'timestamptz',
  'date',
]);

/** By name. Those that every entity has come first; `updatedAt` is the default. */
export function listSorts(entity: Entity): ReadonlyMap<string, ListSort> {
  const sorts: ListSort[] = [
    {name: 'updatedAt', kind: 'log'},
    {name: 'createdAt', kind: 'column', column: 'created_at', sql: 'timestamptz'},
    ...entity.list.sorts.map((name) => sortOf(entity, name)),
  ];
  return new Map(sorts.map((sort) => [sort.name, sort]));
}

function sortOf(entity: Entity, name: string): ListSort {
  const field = entity.fields[name];
  const column = columnName(name);
  if (field === undefined || field.sensitive || !('sql' in field)) throw notListed(entity, name);
  if (field.schema === schedule) return {name, kind: 'span', column};
  if (!sortTypes.has(field.sql)) throw notListed(entity, name);
  return {name, kind: 'column', column, sql: field.sql as SortType};
}

/** A column that text search reads. `members`: each member of a set. */
export interface SearchColumn {
  readonly column: string;
  readonly kind: 'value' | 'members';
}

export const searchColumns = (entity: Entity): readonly SearchColumn[] =>
  entity.list.searches.map((name) => {
    const field = entity.fields[name];
    if (field === undefined || field.sensitive) throw notListed(entity, name);
    return {column: columnName(name), kind: field.kind === 'set' ? 'members' : 'value'};
  });

const notListed = ({name}: Entity, field: string): Error =>
  new Error(`${name}.${field} is sealed, or of a kind that no list can use`);
