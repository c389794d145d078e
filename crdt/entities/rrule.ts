// Recurrence rules (RFC 5545, section 3.3.10) as one text: is it well formed, and what is its normal form.
// Expanding a rule into dates is for readers; here a rule is only kept from being nonsense.

const integerList =
  ({min, max}: {min: number; max: number}) =>
  (text: string): boolean =>
    text.split(',').every((part) => {
      if (!/^[+-]?\d{1,4}$/.test(part)) return false;
      const value = Number(part);
      return value !== 0 && value >= min && value <= max;
    });

const clockList = (max: number) => (text: string) =>
  text.split(',').every((part) => /^\d{1,2}$/.test(part) && Number(part) <= max);

const count = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text);

const isPartValid: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['FREQ', (text: string) => /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/.test(text)],
  ['INTERVAL', count],
  ['COUNT', count],
  ['UNTIL', (text: string) => /^\d{8}(T\d{6}Z?)?$/.test(text)],
  ['BYDAY', (text: string) => /^([+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)(,(?!$)|$))+$/.test(text)],
  ['BYMONTH', integerList({min: 1, max: 12})],
  ['BYMONTHDAY', integerList({min: -31, max: 31})],
  ['BYYEARDAY', integerList({min: -366, max: 366})],
  ['BYWEEKNO', integerList({min: -53, max: 53})],
  ['BYSETPOS', integerList({min: -366, max: 366})],
  ['BYHOUR', clockList(23)],
  ['BYMINUTE', clockList(59)],
  ['WKST', (text: string) => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(text)],
]);

/** Upper case, without the `RRULE:` that calendars put before it and without blanks. Order of parts stays. */
export const normalizeRrule = (text: string): string =>
  text
    .replace(/\s/g, '')
    .toUpperCase()
    .replace(/^RRULE:/, '');

/** `rule` in normal form. FREQ is required, each part appears once, COUNT and UNTIL exclude each other. */
export function isRrule(rule: string): boolean {
  const seen = new Set<string>();
  for (const part of rule.split(';')) {
    const separator = part.indexOf('=');
    const name = part.slice(0, separator);
    if (separator < 1 || seen.has(name) || !isPartValid.get(name)?.(part.slice(separator + 1))) return false;
    seen.add(name);
  }
  return seen.has('FREQ') && !(seen.has('COUNT') && seen.has('UNTIL'));
}
