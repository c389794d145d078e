// Questions that rows, validation and encryption ask of a declaration.
import type {z} from 'zod';
import type {JsonValue} from '../json.ts';
import {TEXT_LENGTH_MAX} from '../protocol/limits.ts';
import type {Entity, Field, Findable, RegisterField, SqlType} from './entity.ts';
import {block} from './field-schemas.ts';

export type ParsedValue =
  {readonly ok: true; readonly value: JsonValue} | {readonly ok: false; readonly message: string};

const textSchema = block({min: 0, max: TEXT_LENGTH_MAX}).refine((text) => text.length <= TEXT_LENGTH_MAX, {
  // A shared text counts in UTF-16 units.
  message: `must be at most ${TEXT_LENGTH_MAX} UTF-16 units long`,
});

/**
 * One value to its normal form: a register's value, a set's member, an item without its id, a whole text.
 * `value` is JSON and not null: whether a field may be cleared is the caller's question. The message names the
 * rule that was broken and never repeats the value.
 */
export function parseFieldValue(field: Field, value: unknown): ParsedValue {
  if (field.kind === 'derived') return {ok: false, message: 'is computed from other fields'};
  const schema = field.kind === 'text' ? textSchema : field.schema;
  const result = schema.safeParse(value);
  if (result.success) return {ok: true, value: result.data};
  const issue = result.error.issues[0];
  return {ok: false, message: issue ? describeIssue(issue) : 'is not valid'};
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'an array',
  object: 'an object',
};

function describeIssue(issue: z.core.$ZodIssue): string {
  // Members in a path are declared ones: a strict object names its unknown members elsewhere, and not here.
  const place = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  return place + describeRule(issue);
}

function describeRule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('must')
        ? issue.message
        : `must be ${typeNames[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return 'has a member that is not declared';
    default:
      return issue.message;
  }
}

/** Names of the fields that the update creating a record must carry, and that may not be cleared. */
export const requiredFields = (entity: Entity): readonly string[] =>
  Object.entries(entity.fields)
    .filter(([, field]) => field.kind === 'register' && field.required)
    .map(([name]) => name);

const sensitiveByEntity = new WeakMap<Entity, readonly string[]>();

/** Names of the fields that are stored sealed. */
export function sensitiveFields(entity: Entity): readonly string[] {
  const known = sensitiveByEntity.get(entity);
  if (known !== undefined) return known;
  const names = Object.entries(entity.fields).flatMap(([name, {sensitive}]) => (sensitive ? [name] : []));
  sensitiveByEntity.set(entity, names);
  return names;
}

/** Item ids are made by devices: UUIDs, or anything as tame. */
export const isItemId = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

/** camelCase to snake_case. */
export const columnName = (fieldName: string): string =>
  fieldName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export interface StoredColumn {
  readonly field: string;
  readonly column: string;
  readonly kind: Field['kind'];
  /** `bytea` holds a sealed value; a set is a jsonb array of strings, an items field one of objects. */
  readonly sqlType: SqlType | 'bytea';
  readonly sensitive: boolean;
  /** Of a findable field: the `bytea` column of its fingerprint. */
  readonly hashColumn: string | undefined;
}

/** The typed row's columns for the declared fields, in their order. Common columns are not among them. */
export const storedColumns = (entity: Entity): readonly StoredColumn[] =>
  Object.entries(entity.fields).map(([name, field]) => ({
    field: name,
    column: columnName(name),
    kind: field.kind,
    sqlType: field.sensitive ? 'bytea' : plainSqlType(field),
    sensitive: field.sensitive,
    hashColumn: isFindable(field) ? hashColumn(name) : undefined,
  }));

export const hashColumn = (fieldName: string): string => `${columnName(fieldName)}_hash`;

export const isFindable = (field: Field): field is RegisterField & {readonly findable: Findable} =>
  field.kind === 'register' && field.findable !== undefined;

/** What a findable value and one that is asked for have in common if they match. `text` is in the field's normal form. */
export const foundForm = (findable: Findable, text: string): string =>
  // Not by locale: a device, a server and the next version of either must agree.
  findable === 'any-case' ? text.toLowerCase().normalize('NFC') : text;

function plainSqlType(field: Field): SqlType {
  switch (field.kind) {
    case 'set':
    case 'items':
      return 'jsonb';
    case 'text':
      return 'text';
    case 'register':
    case 'server':
    case 'derived':
      return field.sql;
  }
}
