// What a list of records is asked by: `GET /v1/:entity`. Parameters come from the entity's declaration; one that is not
// known there is refused, since a filter that is silently ignored answers with too much.
import {z} from 'zod';
import {normalizeInstant} from '../entities/calendar.ts';
import type {Entity, RegisterField} from '../entities/entity.ts';
import {calendarDate} from '../entities/field-schemas.ts';
import {parseFieldValue} from '../entities/fields.ts';
import {listFilters, listSorts, searchColumns, type ListFilter} from '../entities/list-filters.ts';
import {isStorableString} from '../json.ts';
import {recordId} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {pageLimit} from './moments.ts';
import {recordSchema} from './records.ts';

const CURSOR_LENGTH_MAX = 2_000;
const SEARCH_LENGTH_MAX = 200;

/** A filter's value in normal form: choices, a flag, an id, a member, an instant, a date or a whole value. */
export type FilterValue = string | boolean | readonly string[];

/** `none`: records whose field names nobody. */
export const NO_REFERENCE = 'none';

export interface RecordListQuery {
  readonly cursor: string | undefined;
  readonly limit: number;
  /** A sort's name, `-` in front for the other way round. */
  readonly sort: string;
  readonly deleted: 'true' | 'false' | 'any';
  readonly updatedSince: string | undefined;
  readonly q: string | undefined;
  /** By parameter. */
  readonly filters: ReadonlyMap<string, FilterValue>;
}

const instantParameter = z
  .string()
  .max(64)
  // In a query string a plus that is not escaped arrives as a space.
  .overwrite((text) => normalizeInstant(text.replace(' ', '+')) ?? '')
  .refine((text) => text !== '', {
    message: 'must be an ISO 8601 instant with a zone, such as 2026-03-01T08:30:00.000Z',
  });

function parameterOf(filter: ListFilter): z.ZodType<FilterValue> {
  switch (filter.kind) {
    case 'choice':
      return choices(filter.values);
    case 'flag':
      return z.enum(['true', 'false']).transform((text) => text === 'true');
    case 'reference':
      return z
        .union([z.literal(NO_REFERENCE), recordId], {message: 'must be a UUID or none'})
        .meta({description: `A record's id, or \`${NO_REFERENCE}\`.`});
    case 'member':
      return plainText(SEARCH_LENGTH_MAX).meta({description: 'A member that the set has.'});
    case 'from':
      return rangeEnd(filter.sql, 'At or after this.');
    case 'to':
      return rangeEnd(filter.sql, 'At or before this.');
    case 'span-from':
      return instantParameter.meta({description: 'Not over before this instant.'});
    case 'span-to':
      return instantParameter.meta({description: 'Begins at or before this instant.'});
    case 'equal':
      return wholeValue(filter.field);
  }
}

/** Any spelling that the field itself takes. */
const wholeValue = (field: RegisterField): z.ZodType<string> =>
  z
    .string()
    .max(SEARCH_LENGTH_MAX, `must be at most ${SEARCH_LENGTH_MAX} characters long`)
    .transform((text, context) => {
      const given = parseFieldValue(field, text);
      // As for instants: the plus of a number or of an address may have arrived as a space.
      const parsed = given.ok ? given : parseFieldValue(field, text.replace(' ', '+'));
      if (parsed.ok && typeof parsed.value === 'string') return parsed.value;
      context.addIssue({code: 'custom', message: given.ok ? 'is not a text' : given.message});
      return z.NEVER;
    })
    .meta({
      description: `Equal to this, ${field.findable === 'any-case' ? 'in any letter case' : 'in any spelling'}; a part of the value finds nothing.`,
    });

const rangeEnd = (sql: 'timestamptz' | 'date', description: string) =>
  (sql === 'date' ? calendarDate : instantParameter).meta({description});

const choices = (values: readonly string[]): z.ZodType<readonly string[]> =>
  z
    .string()
    .transform((text) => text.split(','))
    .refine((chosen) => chosen.every((one) => values.includes(one)), {
      message: `must be one or more of ${values.join(', ')}, with commas between`,
    })
    .meta({description: `One or more of ${values.join(', ')}, with commas between.`});

const plainText = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must be at most ${max} characters long`)
    .refine((text) => isStorableString(text), {message: 'must not contain NUL or broken Unicode'});

function sortParameter(entity: Entity) {
  const names = [...listSorts(entity).keys()].flatMap((name) => [name, `-${name}`]);
  return z
    .enum(names)
    .default('-updatedAt')
    .meta({description: 'With `-` in front: largest first. Records without a value come last either way.'});
}

/** Names that no filter may take. */
const commonParameters = (entity: Entity): Record<string, z.ZodType> => ({
  cursor: z
    .string()
    .max(CURSOR_LENGTH_MAX)
    .optional()
    .meta({description: 'The `nextCursor` of the page before, with the same filters and sort.'}),
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  sort: sortParameter(entity),
  deleted: z.enum(['true', 'false', 'any']).default('false'),
  updatedSince: instantParameter.optional().meta({description: 'Changed at or after this instant.'}),
});

/** The parameters of one entity's list, for reading requests and for the document. */
export function recordListParameters(entity: Entity): z.ZodObject {
  const shape = commonParameters(entity);
  const columns = searchColumns(entity);
  if (columns.length > 0) {
    const fields = entity.list.searches.join(', ');
    shape['q'] = plainText(SEARCH_LENGTH_MAX)
      .optional()
      .meta({description: `Text that one of these contains, in any case: ${fields}.`});
  }
  for (const filter of listFilters(entity)) {
    if (Object.hasOwn(shape, filter.param)) throw new Error(`Two parameters are named ${filter.param}`);
    shape[filter.param] = parameterOf(filter).optional();
  }
  return z.strictObject(shape);
}

/** parsed: what `recordListParameters` answered. */
export function readRecordList(entity: Entity, parsed: Readonly<Record<string, unknown>>): RecordListQuery {
  const filters = new Map<string, FilterValue>();
  for (const {param} of listFilters(entity)) {
    const value = parsed[param];
    if (value !== undefined) filters.set(param, value as FilterValue);
  }
  const {cursor, limit, sort, deleted, updatedSince, q} = parsed as unknown as RecordListQuery;
  return {cursor, limit, sort, deleted, updatedSince, q, filters};
}

export const recordListResponse = (entity: Entity) =>
  z.object({
    items: z.array(recordSchema(entity)),
    nextCursor: z.string().nullable().meta({description: 'Where the next page begins; null on the last.'}),
    hasMore: z.boolean(),
  });
