import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import * as schemas from './field-schemas.ts';
import {address, consent, recurrence, schedule, workingHours} from './value-objects.ts';

const uuid = '0195b1a2-6c1e-7d3a-9b1f-0a2b3c4d5e6f';
const family = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}';
const arabic = '\u0645\u0643\u062a\u0628 \u0627\u0644\u0635\u064a\u0627\u0646\u0629';

/** Input and normal form; a bare input is its own normal form. */
type Accepted = readonly (string | number | boolean | object | readonly [input: unknown, normal: unknown])[];
const pair = (input: unknown, normal: unknown): readonly [unknown, unknown] => [input, normal];

interface Case {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly accepts: Accepted;
  readonly refuses: readonly unknown[];
}

const line5 = schemas.line({max: 5});
const fields = (names: string) => `FREQ=WEEKLY;${names}`;

const cases: readonly Case[] = [
  {
    name: 'line',
    schema: schemas.line({max: 200}),
    accepts: [
      'a',
      'x'.repeat(200),
      pair('  trimmed\u00a0 ', 'trimmed'),
      pair('Cafe\u0301', 'Caf\u00e9'),
      pair(` ${'x'.repeat(200)} `, 'x'.repeat(200)),
      family,
      arabic,
      `\u200f${arabic}`,
      'Zo\u00eb \u4e2d\u6587',
    ],
    refuses: [
      '',
      '   ',
      '\u200b\u200d',
      'x'.repeat(201),
      'a\nb',
      'a\tb',
      'a\0b',
      'a\x7fb',
      'a\x85b',
      'a\u2028b',
      'a\ud800b',
      '\udc00',
      'a\ufffdb',
      1,
      true,
      [],
      {},
    ],
  },
  {
    name: 'line length in code points',
    schema: line5,
    accepts: ['abcd', 'abcde', '\u{1F600}'.repeat(5), family, pair('e\u0301'.repeat(5), '\u00e9'.repeat(5))],
    refuses: ['abcdef', '\u{1F600}'.repeat(6), `${family}x`],
  },
  {
    name: 'block',
    schema: schemas.block({max: 10}),
    accepts: ['a\nb', 'a\tb', pair('a\r\nb\rc', 'a\nb\nc'), pair('\n a \n', 'a'), 'x'.repeat(10)],
    refuses: ['', ' \n ', 'x'.repeat(11), 'a\0', 'a\x1bb', 'a\x85b', 'a\ud83d', 5],
  },
  {
    name: 'memberLine',
    schema: schemas.memberLine({max: 50}),
    accepts: ['VIP', pair(' vip ', 'vip')],
    refuses: ['__proto__', 'constructor', ' toString ', 'hasOwnProperty', ''],
  },
  {
    name: 'integer',
    schema: schemas.integer({min: 5, max: 10_080}),
    accepts: [5, 6, 10_079, 10_080],
    refuses: [4, 10_081, 5.5, '5', NaN, Infinity, 2 ** 53, true, {}],
  },
  {
    name: 'minorUnits',
    schema: schemas.minorUnits,
    accepts: [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1, pair(-0, 0)],
    refuses: [2 ** 53, -(2 ** 53), 0.1, '1', 1e300],
  },
  {name: 'basisPoints', schema: schemas.basisPoints, accepts: [0, 1900, 10_000], refuses: [-1, 10_001, 0.5]},
  {
    name: 'instant',
    schema: schemas.instant,
    accepts: [
      '2026-03-01T08:30:00.000Z',
      pair('2026-03-01T08:30:00Z', '2026-03-01T08:30:00.000Z'),
      pair('2026-03-01T08:30Z', '2026-03-01T08:30:00.000Z'),
      pair('2026-03-01T08:30:00.123456Z', '2026-03-01T08:30:00.123Z'),
      pair('2026-03-01T08:30:00+05:30', '2026-03-01T03:00:00.000Z'),
      pair('2025-12-31T23:30:00.5-01:00', '2026-01-01T00:30:00.500Z'),
      '2028-02-29T00:00:00.000Z',
      '1900-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ],
    refuses: [
      '2026-03-01',
      '2026-03-01T08:30:00',
      '2026-02-29T00:00:00Z',
      '2026-02-30T00:00:00.000Z',
      '2026-13-01T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:00:60Z',
      '1899-12-31T23:59:59.999Z',
      '1900-01-01T00:00:00+01:00',
      '9999-12-31T23:59:59-01:00',
      '+010000-01-01T00:00:00.000Z',
      ' 2026-03-01T08:30:00Z',
      '',
      1_772_000_000_000,
    ],
  },
  {
    name: 'calendarDate',
    schema: schemas.calendarDate,
    accepts: ['2026-01-31', '2028-02-29', '2000-02-29', '1900-01-01', '9999-12-31'],
    refuses: [
      '2026-02-29',
      '1900-02-29',
      '2026-04-31',
      '2026-00-10',
      '2026-13-01',
      '2026-1-1',
      '1899-12-31',
      '',
    ],
  },
  {
    name: 'timeOfDay',
    schema: schemas.timeOfDay,
    accepts: ['00:00', '23:59'],
    refuses: ['24:00', '9:00', '12:60'],
  },
  {
    name: 'timezone',
    schema: schemas.timezone,
    accepts: ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+5'],
    refuses: ['Berlin', 'CET+1', 'Mars/Olympus', 'Europe/', 'Europe/Berlin ', '', '../etc/passwd'],
  },
  {
    name: 'currency',
    schema: schemas.currency,
    accepts: ['EUR', 'JPY', 'KWD', pair('usd', 'USD')],
    refuses: ['XXX', 'EURO', '', 'ABC', 'constructor', 978],
  },
  {
    name: 'phone',
    schema: schemas.phone,
    accepts: [
      '+4915123456789',
      pair('+49 (151) 234-567 89', '+4915123456789'),
      pair(' +1 213 373 4253 ', '+12133734253'),
      pair('+44 20 7946 0958', '+442079460958'),
    ],
    refuses: [
      '015123456789',
      '+49',
      '+999123456789',
      '+1 213 373 4253 ext. 5',
      'call +4915123456789',
      'phone',
      '',
      5,
    ],
  },
  {
    name: 'email',
    schema: schemas.email,
    accepts: [
      'a@b.co',
      'Ann.Lee+tag@example.com',
      pair(' Ann@EXAMPLE.Com ', 'Ann@example.com'),
      'x@m\u00fcller.de',
      'x@xn--mller-kva.de',
      `${'a'.repeat(64)}@example.com`,
    ],
    refuses: [
      'a',
      'a@b',
      '@b.co',
      'a@',
      'a b@c.de',
      'a..b@c.de',
      '.a@c.de',
      'a.@c.de',
      'a@-b.de',
      'a@b..de',
      'a@b.de\nBcc: c@d.de',
      `${'a'.repeat(65)}@example.com`,
      `a@${'b.'.repeat(130)}de`,
      '<a@b.de>',
      'a@b.de,c@d.de',
    ],
  },
  {
    name: 'color',
    schema: schemas.color,
    accepts: ['#00FF7F', pair('#00ff7f', '#00FF7F')],
    refuses: ['#FFF', '00FF7F', '#00FF7G', '#00FF7F80', 'red'],
  },
  {
    name: 'language',
    schema: schemas.language,
    accepts: [
      'de',
      'fil',
      pair('PT-br', 'pt-BR'),
      pair('zh-hant-tw', 'zh-Hant-TW'),
      'es-419',
      'ca-ES-valencia',
      pair('DE-ch-1996', 'de-CH-1996'),
    ],
    refuses: ['', 'd', 'german', 'en_US', 'en-', 'de-DE-u-co-phonebk', 'x'.repeat(36)],
  },
  {name: 'country', schema: schemas.country, accepts: ['DE', pair('de', 'DE')], refuses: ['DEU', 'D', '']},
  {
    name: 'reference',
    schema: schemas.reference,
    accepts: [uuid, pair(uuid.toUpperCase(), uuid)],
    refuses: [uuid.slice(1), `{${uuid}}`, '', uuid.replaceAll('-', '')],
  },
  {
    name: 'rrule',
    schema: schemas.rrule,
    accepts: [
      'FREQ=DAILY',
      pair('rrule:freq=weekly; byday=mo,-1fr', 'FREQ=WEEKLY;BYDAY=MO,-1FR'),
      fields('UNTIL=20261231T235959Z'),
      fields('INTERVAL=2;COUNT=10;WKST=SU'),
      'FREQ=MONTHLY;BYMONTHDAY=-1',
    ],
    refuses: [
      '',
      'INTERVAL=2',
      'FREQ=SECONDLY',
      fields('COUNT=1;UNTIL=20261231'),
      fields('COUNT=0'),
      fields('BYDAY=XX'),
      fields('BYDAY=MO,'),
      fields('BYDAY='),
      fields('BYMONTH=13'),
      fields('BYMONTHDAY=0'),
      fields('INTERVAL=1;INTERVAL=2'),
      fields('constructor=1'),
      'FREQ=DAILY;',
      fields(`BYDAY=${'MO,'.repeat(200)}MO`),
    ],
  },
  {
    name: 'sha256',
    schema: schemas.sha256,
    accepts: ['0'.repeat(64), pair('AB'.repeat(32), 'ab'.repeat(32))],
    refuses: ['0'.repeat(63), '0'.repeat(65), 'g'.repeat(64)],
  },
  {
    name: 'position',
    schema: schemas.position,
    accepts: ['a', 'a0', 'Zz', 'z'.repeat(63), 'z'.repeat(64)],
    refuses: ['', 'z'.repeat(65), 'a-', 'a b', 1],
  },
  {
    name: 'address',
    schema: address,
    accepts: [
      {line1: 'Main St 1', city: 'Berlin', country: 'DE'},
      pair({line1: ' Main St 1 ', line2: null, country: 'de'}, {line1: 'Main St 1', country: 'DE'}),
      {location: {latitude: -90, longitude: 180}},
      pair({location: {latitude: -0, longitude: 1.5}}, {location: {latitude: 0, longitude: 1.5}}),
    ],
    refuses: [
      {},
      {line1: null},
      {line1: ''},
      {street: 'x'},
      {location: {latitude: 90.1, longitude: 0}},
      {location: {latitude: 1}},
      JSON.parse('{"line1":"a","__proto__":{"admin":true}}'),
      [],
      'Main St 1',
    ],
  },
  {
    name: 'consent',
    schema: consent,
    accepts: [{optedIn: true, at: '2026-03-01T08:30:00.000Z', source: 'phone call'}],
    refuses: [{optedIn: true}, {optedIn: 'yes', at: '2026-03-01T08:30:00Z'}],
  },
  {
    name: 'schedule',
    schema: schedule,
    accepts: [
      pair(
        {start: '2026-03-01T09:00:00+01:00', end: '2026-03-01T08:30:00Z', timezone: 'Europe/Berlin'},
        {start: '2026-03-01T08:00:00.000Z', end: '2026-03-01T08:30:00.000Z', timezone: 'Europe/Berlin'},
      ),
      {start: '2026-03-01T08:00:00.000Z', end: '2026-03-01T08:00:00.000Z', timezone: 'UTC'},
    ],
    refuses: [
      {start: '2026-03-01T08:00:00.001Z', end: '2026-03-01T08:00:00.000Z', timezone: 'UTC'},
      {start: '2026-03-01T08:00:00.000Z', end: '2026-03-01T08:00:00.000Z'},
      {start: 'soon', end: 'later', timezone: 'UTC'},
    ],
  },
  {
    name: 'recurrence',
    schema: recurrence,
    accepts: [
      {rrule: 'FREQ=WEEKLY', seriesId: uuid, occurrenceDate: '2026-03-01'},
      pair({rrule: 'freq=daily', seriesId: null}, {rrule: 'FREQ=DAILY'}),
    ],
    refuses: [{}, {rrule: 'weekly'}, {rrule: 'FREQ=WEEKLY', occurrenceDate: '2026-02-30'}],
  },
  {
    name: 'workingHours',
    schema: workingHours,
    accepts: [
      {timezone: 'Europe/Berlin'},
      pair(
        {timezone: 'UTC', monday: [{start: '22:00', end: '06:00'}], sunday: null},
        {timezone: 'UTC', monday: [{start: '22:00', end: '06:00'}]},
      ),
      {timezone: 'UTC', friday: []},
    ],
    refuses: [
      {},
      {timezone: 'UTC', monday: [{start: '08:00', end: '08:00'}]},
      {timezone: 'UTC', monday: Array(7).fill({start: '08:00', end: '09:00'})},
      {timezone: 'UTC', Monday: []},
    ],
  },
  {
    name: 'item',
    schema: schemas.item({title: schemas.line({max: 20}), done: schemas.optional(z.boolean())}),
    accepts: [
      {position: 'a0', title: 'Check', done: false},
      pair({position: 'a0', title: ' Check ', done: null}, {position: 'a0', title: 'Check'}),
    ],
    refuses: [{title: 'Check'}, {position: 'a0'}, {position: 'a0', title: 'Check', id: uuid}],
  },
];

describe.each(cases)('$name', ({schema, accepts, refuses}) => {
  const accepted = accepts.map((entry): readonly [unknown, unknown] =>
    Array.isArray(entry) && entry.length === 2 ? (entry as [unknown, unknown]) : [entry, entry],
  );

  it.each(accepted)('parses %j to %j', (input, normal) => {
    expect(schema.safeParse(input)).toStrictEqual({success: true, data: normal});
  });

  it.each(accepted)('leaves the normal form of %j as it is', (input) => {
    const once = schema.parse(input);
    expect(schema.parse(once)).toStrictEqual(once);
  });

  it.each(refuses.map((input) => [input]))('refuses %j', (input) => {
    expect(schema.safeParse(input).success).toBe(false);
  });

  it.each([null, undefined, new Date(0), () => 1, Symbol('s'), 1n])(
    'refuses what is not JSON: %s',
    (input) => {
      expect(schema.safeParse(input).success).toBe(false);
    },
  );

  it('prints as JSON Schema', () => {
    expect(z.toJSONSchema(schema)).toHaveProperty('type');
  });
});

it.each([
  ['line', schemas.line({max: 50})],
  ['block', schemas.block({max: 50})],
  ['email', schemas.email],
  ['phone', schemas.phone],
  ['language', schemas.language],
  ['rrule', schemas.rrule],
  ['instant', schemas.instant],
])('%s reaches its normal form in one step, whatever the text', (_name, schema) => {
  const seeds = [
    'Ann@ExAmple.DE',
    '+49 151 234 567 89',
    'zh-hant-tw',
    'freq=daily',
    '2026-03-01T08:30:00.5+05:00',
  ];
  const text = fc.oneof(
    fc.string({unit: 'binary', maxLength: 20}),
    fc.string({unit: 'grapheme', maxLength: 20}),
    fc
      .tuple(fc.constantFrom(...seeds), fc.string({unit: 'binary', maxLength: 1}))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) => {
      const once = schema.safeParse(input);
      if (once.success) expect(schema.parse(once.data)).toBe(once.data);
    }),
    {numRuns: 500},
  );
});
