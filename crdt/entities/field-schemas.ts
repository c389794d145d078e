// The schemas that fields share, one per kind of value. Each parses one value to its normal form: parsing the
// result again gives the same. None sees null, none throws, and no message repeats the value. Normal forms are
// made with `overwrite`, so that the schemas stay printable as JSON Schema.
import {parsePhoneNumberFromString} from 'libphonenumber-js/min';
import {z} from 'zod';
import {forbiddenKeys} from '../json.ts';
import type {JsonObject, JsonValue} from '../json.ts';
import {isUuid} from '../protocol/ids.ts';
import {isCalendarDate, isTimeOfDay, normalizeInstant} from './calendar.ts';
import {isCurrencyCode} from './currency.ts';
import {isRrule, normalizeRrule} from './rrule.ts';

/** Control characters, line separators, broken surrogates and the character an encoder leaves where one stood. */
const notInLine = /[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u;
const notInBlock = /[\p{Cs}\ufffd]|(?![\t\n])\p{Cc}/u;
/** Joiners and direction marks belong into emoji and right-to-left text, but alone they show nothing. */
const visible = /[^\p{Cf}\p{Z}\p{Cc}]/u;

const normalizeLine = (text: string): string => text.normalize('NFC').trim();
/** The normal form of text of several lines, whether or not `block` would take it. */
export const normalizeBlock = (text: string): string =>
  text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .normalize('NFC')
    .trim();

/** Lengths are in Unicode code points, after trimming and NFC; an emoji may count several. */
interface Length {
  readonly min?: number;
  readonly max: number;
}

function sized(schema: z.ZodString, {min = 1, max}: Length): z.ZodString {
  const message = `must be ${min} to ${max} characters long`;
  return schema.min(min, message).max(max, message);
}

/** One line: trimmed, NFC, no control characters, something visible unless `min` is 0. */
export function line(length: Length) {
  const schema = sized(z.string().overwrite(normalizeLine), length).refine((text) => !notInLine.test(text), {
    message: 'must not contain control characters, line breaks or broken Unicode',
  });
  if (length.min === 0) return schema;
  return schema.refine((text) => visible.test(text), {message: 'must contain a visible character'});
}

/** Several lines: line breaks become `\n`, tabs stay, otherwise as `line`. */
export const block = (length: Length) =>
  sized(z.string().overwrite(normalizeBlock), length).refine((text) => !notInBlock.test(text), {
    message: 'must not contain control characters or broken Unicode',
  });

/** A line that is also a key of a shared map: names that an object's prototype knows are refused. */
export const memberLine = (length: Length) =>
  line(length).refine((text) => !forbiddenKeys.has(text), {message: 'must not be a reserved word'});

/** Whole numbers; -0 becomes 0. */
export function integer({min, max}: {min: number; max: number}) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .int(message)
    .min(min, message)
    .max(max, message)
    .overwrite((value) => value + 0);
}

/** Minor units of a currency. Every value within is an exact integer in JSON and in `bigint`. */
export const minorUnits = integer({min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER});
/** Hundredths of a percent, 0 to 100 %. */
export const basisPoints = integer({min: 0, max: 10_000});

/** What a normal form that could not be made leaves for the rule after it, so that the work is done once. */
const REFUSED = '';

/** ISO 8601 with a zone; normal form is UTC with milliseconds. */
export const instant = z
  .string()
  .overwrite((text) => normalizeInstant(text) ?? REFUSED)
  .refine((text) => text !== REFUSED, {
    message: 'must be an ISO 8601 instant with a zone, such as 2026-03-01T08:30:00.000Z',
  });

export const calendarDate = z
  .string()
  .refine(isCalendarDate, {message: 'must be a date that exists, as YYYY-MM-DD'});

export const timeOfDay = z.string().refine(isTimeOfDay, {message: 'must be a time of day, as HH:MM'});

/** By shape, not by list: the tz database grows, and a server with older data must not refuse a newer device's zone. */
const timezonePattern =
  /^(?:UTC|(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/[A-Za-z0-9_+-]{1,32}(?:\/[A-Za-z_-]{1,32})?)$/;
/** A reader whose platform does not know the zone falls back to UTC. */
export const timezone = z.string().refine((text) => timezonePattern.test(text), {
  message: 'must be an IANA time zone, such as Europe/Berlin',
});

export const currency = z
  .string()
  .overwrite((text) => text.toUpperCase())
  .refine(isCurrencyCode, {message: 'must be an ISO 4217 currency code'});

const E164_TEXT_MAX = 40;
function normalizePhone(text: string): string | undefined {
  if (text.length > E164_TEXT_MAX) return undefined;
  const phone = parsePhoneNumberFromString(text.trim(), {extract: false});
  // An extension has no place in E.164; dropping it would lose what the user typed.
  return phone?.isPossible() && phone.ext === undefined ? phone.number : undefined;
}

/** Any international spelling; normal form is E.164. Only length and country code are checked: ranges change too often. */
export const phone = z
  .string()
  .overwrite((text) => normalizePhone(text) ?? REFUSED)
  .refine((text) => text !== REFUSED, {
    message: 'must be a possible phone number in international form, such as +4915123456789',
  });

const emailPattern =
  /^(?!\.)(?!.*\.[.@])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{M}\p{N}-]{2,63}$/u;
const EMAIL_MAX = 254;

function normalizeEmail(text: string): string {
  const address = text.normalize('NFC').trim();
  const at = address.lastIndexOf('@');
  return at < 0 ? address : address.slice(0, at) + address.slice(at).toLowerCase().normalize('NFC');
}

/** The domain in lower case; the part before it belongs to the receiver and stays. */
export const email = z
  .string()
  .overwrite(normalizeEmail)
  .max(EMAIL_MAX, `must be at most ${EMAIL_MAX} characters long`)
  .refine((text) => text.length <= EMAIL_MAX && emailPattern.test(text), {
    message: 'must be an email address',
  });

/** `#RRGGBB`, upper case. */
export const color = z
  .string()
  .overwrite((text) => text.toUpperCase())
  .refine((text) => /^#[0-9A-F]{6}$/.test(text), {message: 'must be a colour as #RRGGBB'});

const languagePattern =
  /^([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|\d{3}))?((?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)$/;
const normalizeLanguage = (text: string): string =>
  text
    .toLowerCase()
    .replace(
      languagePattern,
      (_, language: string, script = '', region = '', variants = '') =>
        `${language}${String(script).replace(/[a-z]/, (letter) => letter.toUpperCase())}${String(region).toUpperCase()}${String(variants)}`,
    );

/**
 * BCP 47: language, script, region, variants, in canonical case. Not through Intl, whose aliases change with
 * its data: device and server must agree on the normal form.
 */
export const language = z
  .string()
  .max(35, 'must be at most 35 characters long')
  .overwrite(normalizeLanguage)
  .refine((text) => languagePattern.test(text.toLowerCase()), {
    message: 'must be a BCP 47 language tag, such as de or pt-BR',
  });

/** ISO 3166 alpha-2 by shape, upper case. */
export const country = z
  .string()
  .overwrite((text) => text.toUpperCase())
  .refine((text) => /^[A-Z]{2}$/.test(text), {message: 'must be a two-letter country code'});

/** The id of another record, lower case. */
export const reference = z
  .string()
  .overwrite((text) => text.toLowerCase())
  .refine(isUuid, {message: 'must be a UUID'});

export const rrule = z
  .string()
  .max(500, 'must be at most 500 characters long')
  .overwrite(normalizeRrule)
  .refine(isRrule, {message: 'must be an RFC 5545 recurrence rule, such as FREQ=WEEKLY;BYDAY=MO'});

/** SHA-256 in hexadecimal, lower case. */
export const sha256 = z
  .string()
  .overwrite((text) => text.toLowerCase())
  .refine((text) => /^[0-9a-f]{64}$/.test(text), {message: 'must be 64 hexadecimal digits'});

/** Fractional index: items sort by it as text, by code unit. */
export const position = z
  .string()
  .refine((text) => /^[0-9A-Za-z]{1,64}$/.test(text), {message: 'must be 1 to 64 letters and digits'});

/** A value whose members are all declared. Optional members that are null or absent are left out of the normal form. */
export const object = (shape: Readonly<Record<string, z.ZodType>>): z.ZodType<JsonObject> =>
  z.strictObject(shape).overwrite(withoutAbsent) as unknown as z.ZodType<JsonObject>;

/** A member that may be missing; null means the same. */
export const optional = (schema: z.ZodType<JsonValue>) => schema.nullish();

/** One element of an items field: the members declared and its place among the others. */
export const item = (shape: Readonly<Record<string, z.ZodType>>): z.ZodType<JsonObject> =>
  object({position, ...shape});

function withoutAbsent<T extends object>(value: T): T {
  for (const key in value) {
    if (value[key] === null || value[key] === undefined) {
      return Object.fromEntries(
        Object.entries(value).filter(([, member]) => member !== null && member !== undefined),
      ) as T;
    }
  }
  return value;
}
