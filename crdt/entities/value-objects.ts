// Values with members of their own: one register holds the whole, because half of one person's address and
// half of another's is nobody's.
import {z} from 'zod';
import {
  block,
  calendarDate,
  country,
  instant,
  line,
  object,
  optional,
  reference,
  rrule,
  timeOfDay,
  timezone,
} from './field-schemas.ts';

const degrees = (max: number) => {
  const message = `must be a number from ${-max} to ${max}`;
  return z
    .number(message)
    .min(-max, message)
    .max(max, message)
    .overwrite((value) => value + 0);
};

/** A postal address, a place on the map, or both. `access`: how to get in. */
export const address = object({
  line1: optional(line({max: 200})),
  line2: optional(line({max: 200})),
  city: optional(line({max: 100})),
  region: optional(line({max: 100})),
  postalCode: optional(line({max: 20})),
  country: optional(country),
  location: optional(object({latitude: degrees(90), longitude: degrees(180)})),
  access: optional(block({max: 500})),
}).refine((value) => Object.keys(value).length > 0, {message: 'must have at least one member'});

/** What a client agreed to for one channel, when, and how it is known. */
export const consent = object({optedIn: z.boolean(), at: instant, source: optional(line({max: 100}))});

/** When a visit is planned. `timezone` is the site's: the wall clock that was promised. */
export const schedule = object({start: instant, end: instant, timezone}).refine(
  // Normal instants are of one length and in UTC, so they compare as text.
  ({start, end}) => typeof start === 'string' && typeof end === 'string' && start <= end,
  {message: 'must not end before it starts'},
);

/** How a task repeats. Each occurrence is a task of its own; `seriesId` ties them together. */
export const recurrence = object({
  rrule,
  seriesId: optional(reference),
  occurrenceDate: optional(calendarDate),
});

/** An end at or before its start, 00:00 among them, is on the next day. */
const shift = object({start: timeOfDay, end: timeOfDay}).refine((value) => value.start !== value.end, {
  message: 'must not end when it starts',
});
const SHIFTS_A_DAY_MAX = 6;
const shifts = z.array(shift).max(SHIFTS_A_DAY_MAX, `must be at most ${SHIFTS_A_DAY_MAX} shifts`);

/** A usual week, in the clock of `timezone`. A day that is left out is free. */
export const workingHours = object({
  timezone,
  monday: optional(shifts),
  tuesday: optional(shifts),
  wednesday: optional(shifts),
  thursday: optional(shifts),
  friday: optional(shifts),
  saturday: optional(shifts),
  sunday: optional(shifts),
});
