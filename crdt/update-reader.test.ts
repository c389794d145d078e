import {describe, expect, it} from 'vitest';
import * as Y from 'yjs';
import {
  any,
  binary,
  chars,
  claimed,
  collected,
  craftSection,
  craftUpdate,
  deleted,
  embed,
  format,
  item,
  json,
  nested,
  rawValues,
  register,
  skip,
  string,
  subdocument,
  uint,
  values,
  type Content,
  type Struct,
} from '#test/support/update-writer.ts';
import {unstorable} from './any-reader.ts';
import {
  CLOCK_MAX,
  DELETED_RUN_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_CLIENTS_MAX,
  UPDATE_DELETES_MAX,
  UPDATE_ELEMENTS_MAX,
  UPDATE_STRUCTS_MAX,
  VALUE_DEPTH_MAX,
  VALUE_NODES_MAX,
} from './protocol/limits.ts';
import {parseUpdate, type ParsedUpdate} from './update-reader.ts';

const CLIENT = 7;

function parsed(bytes: Uint8Array): ParsedUpdate {
  const result = parseUpdate(bytes);
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  return result.update;
}

const codeOf = (bytes: Uint8Array): string => {
  const result = parseUpdate(bytes);
  return result.ok ? 'ok' : result.code;
};

/** A map item whose content is given; in `fields`, without origin. */
const withContent = (content: Content): Uint8Array =>
  craftSection(CLIENT, 0, item({root: 'fields', key: 'k'}, content));

/** The first value of the first item. */
function valueOf(bytes: Uint8Array): unknown {
  const struct = parsed(bytes).sections[0]?.structs[0];
  if (struct?.kind !== 'item' || struct.content.kind !== 'values') throw new Error('no value');
  return struct.content.values[0];
}

describe('what it reads', () => {
  it('reads ids, places, values and where they stand in the bytes', () => {
    const bytes = craftUpdate(
      [
        {
          client: CLIENT,
          clock: 3,
          structs: [
            item({root: 'set:tags', key: 'vip'}, values([5, true])),
            item({origin: {client: 9, clock: 4}}, values([6, 'a'], [7, null])),
            item({origin: {client: 9, clock: 1}, rightOrigin: {client: 8, clock: 2}}, chars('hé😀')),
            skip(10),
            item({root: 'text:notes'}, deleted(4)),
          ],
        },
      ],
      [{client: 9, ranges: [[1, 2]]}],
    );
    const update = parsed(bytes);
    const [section] = update.sections;
    expect(section?.end).toBe(3 + 1 + 2 + 4 + 10 + 4);
    expect(section?.structs.map((struct) => [struct.kind, struct.clock, struct.length])).toEqual([
      ['item', 3, 1],
      ['item', 4, 2],
      ['item', 6, 4],
      ['skip', 10, 10],
      ['item', 20, 4],
    ]);
    expect(section?.structs[0]).toMatchObject({root: 'set:tags', mapKey: 'vip', origin: null});
    expect(section?.structs[1]).toMatchObject({root: null, mapKey: null, origin: {client: 9, clock: 4}});
    expect(section?.structs[2]).toMatchObject({rightOrigin: {client: 8, clock: 2}});
    expect(update.deletes).toEqual([{client: 9, clock: 1, length: 2}]);
    const run = section?.structs[1];
    if (run?.kind !== 'item' || run.content.kind !== 'values') throw new Error('no run');
    const [from, middle, to] = run.content.bounds;
    expect([...update.bytes.subarray(from, middle)]).toEqual(any([6, 'a']));
    expect([...update.bytes.subarray(middle, to)]).toEqual(any([7, null]));
  });

  it('ignores the map bit of an item with an origin, as Yjs does', () => {
    const struct = [...item({origin: {client: 9, clock: 4}}, values([1, 2]))];
    struct[0] = (struct[0] ?? 0) | 0x20;
    expect(codeOf(craftSection(CLIENT, 0, struct))).toBe('ok');
  });

  it('keeps a copy that the sender cannot change, also of a slice of a pooled buffer', () => {
    const pool = Buffer.from(craftSection(CLIENT, 0, register('title', 'abc')));
    const update = parsed(pool.subarray(0));
    const before = [...update.bytes];
    pool.fill(0);
    expect([...update.bytes]).toEqual(before);
    expect(Buffer.isBuffer(update.bytes)).toBe(false);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['booleans', [true, false]],
    ['integers', [0, 1, -1, 63, 64, -64, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1, -(2 ** 53 - 1)]],
    ['floats', [0.5, 0.1, -1e300, 5e-324]],
    ['strings', ['', 'a', 'x'.repeat(23), 'x'.repeat(24), 'x'.repeat(25), 'é😀', '\ufeffbom', '\u2028']],
    ['objects', {a: {b: [1, {c: null}]}, '': 1}],
  ])('reads %s as they were written', (_name, value) => {
    expect(valueOf(withContent(values(value)))).toEqual(value);
  });
});

describe('values that no record may hold are walked over and marked', () => {
  const notStorable: [string, number[]][] = [
    ['undefined', [127]],
    ['NaN', any(NaN)],
    ['infinity', any(Infinity)],
    ['negative infinity', any(-Infinity)],
    ['negative zero', [125, 0x40]],
    ['negative zero as a float', [123, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ['bigint', any(12n)],
    ['binary', any(new Uint8Array([1, 2, 3]))],
    ['NUL in a string', any('a\0b')],
    ['NUL in a key', any({'a\0': 1})],
    ['the replacement character', any('a\ufffd')],
    ['a nested undefined', any([1, [undefined]])],
    ['a nested bigint', any({a: {b: 1n}})],
    ['a __proto__ member', [118, ...uint(1), ...string('__proto__'), ...any({isAdmin: true})]],
    ['a nested constructor member', any({a: {constructor: 1}})],
    ['a member given twice', [118, ...uint(2), ...string('a'), ...any(1), ...string('a'), ...any(2)]],
  ];
  it.each(notStorable)('%s', (_name, bytes) => {
    const update = withContent(rawValues(1, bytes));
    expect(valueOf(update)).toBe(unstorable);
  });

  it('and pollute no prototype', () => {
    valueOf(withContent(rawValues(1, [118, ...uint(1), ...string('__proto__'), ...any({isAdmin: true})])));
    expect(({} as {isAdmin?: boolean}).isAdmin).toBeUndefined();
  });
});

describe('what it refuses', () => {
  const malformed = (struct: Struct): Uint8Array => craftSection(CLIENT, 0, struct);
  const cases: [string, Uint8Array, string][] = [
    ['no bytes', new Uint8Array(), 'update_malformed'],
    ['bytes after the end', Uint8Array.from([0, 0, 0]), 'update_malformed'],
    ['a collected struct', craftSection(CLIENT, 0, collected(1)), 'update_bad_content'],
    ['a collected struct with flags', malformed([0x80, 1, 1]), 'update_bad_content'],
    ['JSON content', withContent(json('1')), 'update_bad_content'],
    ['binary content', withContent(binary(2, [1, 2])), 'update_bad_content'],
    ['an embed', withContent(embed({a: 1})), 'update_bad_content'],
    ['a format', withContent(format('bold', true)), 'update_bad_content'],
    ['a nested map', withContent(nested(1)), 'update_bad_content'],
    ['an XML element', withContent(nested(3, 'p')), 'update_bad_content'],
    ['a subdocument', withContent(subdocument('guid', {gc: false})), 'update_bad_content'],
    [
      'a parent named by id',
      malformed(item({parent: {client: 1, clock: 0}}, values(1))),
      'update_bad_parent',
    ],
    ['content kind 11', withContent({ref: 11, bytes: [1]}), 'update_malformed'],
    ['content kind 31', withContent({ref: 31, bytes: [1]}), 'update_malformed'],
    ['a skip with flags', malformed([0x8a, 1, 1, 5]), 'update_malformed'],
    ['an empty skip', malformed(skip(0)), 'update_malformed'],
    ['an empty deleted run', withContent(deleted(0)), 'update_malformed'],
    ['an empty run of values', withContent(values()), 'update_malformed'],
    ['an empty text', malformed(item({root: 'text:notes'}, chars(''))), 'update_malformed'],
    ['an unknown value tag', withContent(rawValues(1, [115])), 'update_malformed'],
    ['a value tag of 0', withContent(rawValues(1, [0])), 'update_malformed'],
    ['more values than bytes', withContent(rawValues(5_000, [126])), 'update_malformed'],
    ['more array elements than bytes', withContent(rawValues(1, [117, ...uint(100)])), 'update_malformed'],
    ['more members than bytes', withContent(rawValues(1, [118, ...uint(2 ** 40)])), 'update_malformed'],
    [
      'a string longer than the bytes',
      withContent(rawValues(1, [119, ...claimed(2 ** 30, [65])])),
      'update_malformed',
    ],
    ['a string that is not UTF-8', withContent(rawValues(1, [119, 2, 0xc3, 0x28])), 'update_malformed'],
    ['a lone surrogate in UTF-8', withContent(rawValues(1, [119, 3, 0xed, 0xa0, 0x80])), 'update_malformed'],
    ['an over-long UTF-8 form', withContent(rawValues(1, [119, 2, 0xc0, 0x80])), 'update_malformed'],
    ['half a float', withContent(rawValues(1, [123, 1, 2, 3, 4])), 'update_malformed'],
    [
      'two sections of one client',
      craftUpdate([
        {client: CLIENT, clock: 0, structs: [register('a', 1)]},
        {client: CLIENT, clock: 1, structs: [register('b', 1)]},
      ]),
      'update_malformed',
    ],
    [
      'two delete sections of one client',
      craftUpdate(
        [],
        [
          {client: CLIENT, ranges: [[0, 1]]},
          {client: CLIENT, ranges: [[2, 1]]},
        ],
      ),
      'update_malformed',
    ],
    ['an empty delete range', craftUpdate([], [{client: CLIENT, ranges: [[0, 0]]}]), 'update_malformed'],
    [
      'overlapping delete ranges',
      craftUpdate(
        [],
        [
          {
            client: CLIENT,
            ranges: [
              [0, 5],
              [4, 1],
            ],
          },
        ],
      ),
      'update_malformed',
    ],
  ];
  it.each(cases)('%s', (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it.each<[string, number[]]>([
    ['a padded zero', [0x80, 0x00]],
    ['a padded one', [0x81, 0x00]],
    ['padding in the middle', [0x81, 0x80, 0x00]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['2^56', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['2^63', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['all ones', Array.from({length: 10}, () => 0xff)],
    ['a long row without end', Array.from({length: 200}, () => 0x80)],
    ['a long row with an end', [...Array.from({length: 200}, () => 0x80), 0x01]],
    ['a long row with a zero end', [...Array.from({length: 200}, () => 0x80), 0x00]],
  ])('an unsigned integer that is %s', (_name, number) => {
    const tail = register('title', 'x');
    // As a section count, a struct count, a client, a clock, a length of a value, a delete count.
    const places = [
      [...number, 1, CLIENT, 0, ...tail, 0],
      [1, ...number, CLIENT, 0, ...tail, 0],
      [1, 1, ...number, 0, ...tail, 0],
      [1, 1, CLIENT, ...number, ...tail, 0],
      [1, 1, CLIENT, 0, ...item({root: 'fields', key: 'k'}, {ref: 8, bytes: number}), 126, 0],
      [1, 1, CLIENT, 0, ...tail, ...number],
      [0, 1, CLIENT, 1, ...number, 1],
      [0, 1, CLIENT, 1, 0, ...number],
    ];
    for (const bytes of places) expect(codeOf(Uint8Array.from(bytes))).toBe('update_malformed');
  });

  it.each<[string, number[]]>([
    ['a padded zero', [0x80, 0x00]],
    ['a padded sixty-three', [0xbf, 0x00]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]],
    ['too long', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a long row with an end', [...Array.from({length: 300}, () => 0x80), 0x01]],
    ['without end', [0xc1]],
  ])('a signed integer that is %s', (_name, number) => {
    expect(codeOf(withContent(rawValues(1, [125, ...number])))).toBe('update_malformed');
  });

  it('every prefix of an honest update', () => {
    const doc = new Y.Doc();
    const fields = doc.getMap('fields');
    fields.set('title', [1_000, 'Repair the pump']);
    fields.set('schedule', [1_001, {start: 'a', end: 'b', parts: [1, 2.5, null]}]);
    fields.set('title', [1_002, 'Repair both pumps 😀']);
    doc.getMap('set:tags').set('vip', [5, true]);
    doc.getText('text:notes').insert(0, 'hello world');
    doc.getText('text:notes').delete(2, 3);
    const bytes = Y.encodeStateAsUpdate(doc);
    expect(codeOf(bytes)).toBe('ok');
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(bytes.subarray(0, length)), `the first ${length} bytes`).toBe('update_malformed');
    }
    expect(codeOf(Uint8Array.from([...bytes, 0]))).toBe('update_malformed');
  });

  it('V2 bytes of any document', () => {
    const doc = new Y.Doc();
    for (let round = 0; round < 50; round++) {
      expect(codeOf(Y.encodeStateAsUpdateV2(doc)), `after ${round} edits`).toBe('update_malformed');
      doc.getMap('fields').set(`k${round % 7}`, [round, 'v'.repeat(round)]);
      doc.getText('text:notes').insert(0, 'note');
    }
  });
});

/** An array nested so deep, with a scalar inside. */
const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);

describe('bounds, one below, at and above', () => {
  const bounds: [string, number, (size: number) => Uint8Array, string][] = [
    [
      'bytes',
      UPDATE_BYTES_MAX,
      (size) => {
        const frame = craftSection(CLIENT, 0, item({root: 'text:notes'}, chars('x'.repeat(60_000))));
        return craftSection(
          CLIENT,
          0,
          item({root: 'text:notes'}, chars('x'.repeat(60_000 + size - frame.length))),
        );
      },
      'update_too_large',
    ],
    [
      'sections',
      UPDATE_CLIENTS_MAX,
      (size) =>
        craftUpdate(
          Array.from({length: size}, (_, client) => ({client, clock: 0, structs: [register('a', 1)]})),
        ),
      'update_too_large',
    ],
    [
      'structs',
      UPDATE_STRUCTS_MAX,
      (size) =>
        craftUpdate([
          {client: 1, clock: 0, structs: [skip(1)]},
          {client: 2, clock: 0, structs: Array.from({length: size - 1}, () => skip(1))},
        ]),
      'update_too_large',
    ],
    [
      'elements of one run',
      UPDATE_ELEMENTS_MAX,
      (size) => withContent(values(...Array.from({length: size}, () => null))),
      'update_too_large',
    ],
    [
      'elements of several runs',
      UPDATE_ELEMENTS_MAX,
      (size) => {
        const run = (length: number) =>
          item({root: 'fields', key: 'k'}, values(...Array.from({length}, () => null)));
        return craftUpdate([
          {client: 1, clock: 0, structs: [run(3_000)]},
          {client: 2, clock: 0, structs: [run(size - 3_000)]},
        ]);
      },
      'update_too_large',
    ],
    ['a deleted run', DELETED_RUN_MAX, (size) => withContent(deleted(size)), 'update_bad_clock'],
    [
      'the clock at the end of a section',
      CLOCK_MAX,
      (size) => craftSection(1, size - 1, register('a', 1)),
      'update_bad_clock',
    ],
    ['a skip', CLOCK_MAX, (size) => craftSection(1, 0, skip(size)), 'update_bad_clock'],
    [
      'the end of a delete range',
      CLOCK_MAX,
      (size) => craftUpdate([], [{client: 1, ranges: [[size - 1, 1]]}]),
      'update_bad_clock',
    ],
    [
      'delete ranges of one client',
      UPDATE_DELETES_MAX,
      (size) =>
        craftUpdate([], [{client: 1, ranges: Array.from({length: size}, (_, at) => [at * 2, 1] as const)}]),
      'update_too_large',
    ],
    [
      'delete ranges of several clients',
      UPDATE_DELETES_MAX,
      (size) =>
        craftUpdate(
          [],
          [1, 2].map((client) => ({
            client,
            ranges: Array.from(
              {length: client === 1 ? 1_000 : size - 1_000},
              (_, at) => [at * 2, 1] as const,
            ),
          })),
        ),
      'update_too_large',
    ],
    ['depth of a value', VALUE_DEPTH_MAX, (size) => withContent(values([1, nest(size)])), 'update_malformed'],
    [
      'nodes of a value',
      VALUE_NODES_MAX,
      (size) => withContent(values([1, Array.from({length: size - 1}, () => null)])),
      'update_malformed',
    ],
  ];
  it.each(bounds)('%s', (_name, max, craft, code) => {
    expect(codeOf(craft(max - 1))).toBe('ok');
    expect(codeOf(craft(max))).toBe('ok');
    expect(codeOf(craft(max + 1))).toBe(code);
  });

  it('a client id may be anything exact; the guard decides whose it is', () => {
    expect(codeOf(craftSection(Number.MAX_SAFE_INTEGER, 0, register('a', 1)))).toBe('ok');
  });
});
