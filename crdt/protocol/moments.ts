// Moments and the places a list continues from, as they travel.
import {z} from 'zod';
import {normalizeInstant} from '../entities/calendar.ts';

/** ISO 8601 UTC with milliseconds, as every answer has it. */
export const instantText = z.string().meta({format: 'date-time'});

/** ISO 8601 with a zone; read as ms since epoch. */
export const moment = z
  .string()
  .refine((text) => normalizeInstant(text) !== undefined, {
    message: 'must be an ISO 8601 instant with a zone, such as 2026-03-01T08:30:00.000Z',
  })
  .transform((text) => Date.parse(normalizeInstant(text) ?? ''))
  .meta({format: 'date-time'});

/** Where a list begins: a `nextCursor` of the same list, or an instant (inclusive). Absent: at the start. */
export const since = z
  .string()
  .max(200)
  .optional()
  .meta({description: 'A `nextCursor`, or an ISO 8601 instant (inclusive). Absent: from the start.'});

/** Where a list that is in order of making begins. */
export const listCursor = z
  .string()
  .max(100)
  .optional()
  .meta({description: 'A `nextCursor` of this list. Absent: from the start.'});

export const nextCursor = z.string().meta({description: 'Where the next page begins. Opaque.'});

const DATE_MS_MAX = 8.64e15;

/** A device may claim any clock; what no calendar has is shown as the nearest moment that one does. */
export const isoText = (ms: number): string =>
  new Date(Math.min(DATE_MS_MAX, Math.max(-DATE_MS_MAX, ms))).toISOString();

/** Items of a page: a whole number within the bounds, given as text in a query. */
export const pageLimit = ({max, preset}: {max: number; preset: number}) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from 1 to ${max}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= max, {message: `must be a whole number from 1 to ${max}`})
    .default(preset)
    .meta({description: `1 to ${max}; ${preset} if absent.`});
