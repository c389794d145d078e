// Instants and calendar dates as text: what is a real one, and its normal form. By hand, because Date.parse
// accepts the 30th of February and differs between engines on anything but full ISO 8601.

const instantPattern =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/;
const YEAR_MIN = 1900;
const NORMAL_INSTANT_LENGTH = '2026-01-01T00:00:00.000Z'.length;

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysInMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29;
  return daysOfMonths[month - 1] ?? 0;
}

/** `YYYY-MM-DD`, a day that exists, from 1900 to 9999. */
export function isCalendarDate(text: string): boolean {
  const match = datePattern.exec(text);
  if (!match) return false;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  return year >= YEAR_MIN && day >= 1 && day <= daysInMonth(year, month);
}

/**
 * ISO 8601 with a zone, in UTC with milliseconds. Finer digits are cut off, a missing second is 0.
 * Undefined: not such a text, a day that does not exist, or a year outside 1900 to 9999.
 */
export function normalizeInstant(text: string): string | undefined {
  const match = instantPattern.exec(text);
  if (!match?.[1] || !isCalendarDate(match[1])) return undefined;
  if (text.length === NORMAL_INSTANT_LENGTH && text.endsWith('Z')) return text;
  const normal = new Date(text.replace(/(\.\d{3})\d+/, '$1')).toISOString();
  // A zone may move the last day of a year at the border out of the range; years past 9999 get a sign.
  return normal.length === NORMAL_INSTANT_LENGTH && normal >= '1900' ? normal : undefined;
}

/** `HH:MM`, 00:00 to 23:59. */
export const isTimeOfDay = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
