import {describe, expect, test} from 'vitest';
import * as Y from 'yjs';
import {guarded} from '#test/support/guarded.ts';
import {randomFrom} from '#test/support/random.ts';
import {merged, orderOf, textHistory, writers} from '#test/support/text-history.ts';
import {chars, craftSection, item, type Id, type Struct} from '#test/support/update-writer.ts';
import {tasks} from './entities/tasks.ts';

const SEEDS = Array.from({length: 40}, (_, index) => 2_026 + index);
const NEWCOMER = 500;
const OTHER = 101;
const own: ReadonlySet<number> = new Set([...writers, NEWCOMER]);

/** What becomes of an update at a server that has some of the text already. */
const verdict = (held: Uint8Array | null, update: Uint8Array): string =>
  guarded(tasks, own, ...(held === null ? [] : [held])).verdict(update);

/** One more character between two others, or at an end, by somebody who names these. */
const between = (left: Id | null, right: Id | null): Uint8Array => {
  const place = {...(left && {origin: left}), ...(right && {rightOrigin: right})};
  const root = left === null && right === null ? {root: 'text:notes'} : {};
  return craftSection(NEWCOMER, 0, item({...place, ...root}, chars('x')));
};

const nameOf = ({client, clock}: Id): string => `${client}:${clock}`;

/** What each character needs: the neighbours it was written between. */
function needsOf(doc: Y.Doc): Map<string, Id[]> {
  const needs = new Map<string, Id[]>();
  for (let struct = doc.getText('text:notes')._start; struct !== null; struct = struct.right) {
    const {client} = struct.id;
    for (let offset = 0; offset < struct.length; offset++) {
      const clock = struct.id.clock + offset;
      const origin = offset === 0 ? struct.origin : {client, clock: clock - 1};
      needs.set(
        nameOf({client, clock}),
        [origin, struct.rightOrigin].filter((id) => id !== null),
      );
    }
  }
  return needs;
}

/** Whether somebody who holds both, and so all they need, can have none of what stands between them. */
function canBeSideBySide(doc: Y.Doc, ends: readonly (Id | null)[], inside: readonly Id[]): boolean {
  const needs = needsOf(doc);
  const held = new Set<string>();
  const open = ends.filter((id) => id !== null);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (held.has(nameOf(id))) continue;
    held.add(nameOf(id));
    open.push(...(needs.get(nameOf(id)) ?? []));
  }
  return inside.every((id) => !held.has(nameOf(id)));
}

describe.each(SEEDS)('a text by four writers, seed %i', (seed) => {
  const random = randomFrom(seed);
  const docs = textHistory(random);
  const all = merged(docs);
  const order = orderOf(all);
  const whole = Y.encodeStateAsUpdate(all);
  const part = Y.encodeStateAsUpdate(docs[0]!);
  const rest = Y.encodeStateAsUpdate(all, Y.encodeStateVectorFromUpdate(part));

  test('is admitted whole, or what of it is missing', () => {
    expect(verdict(null, whole)).toBe('admitted');
    expect(verdict(part, rest)).toBe('admitted');
  });

  test('takes what stood between two of its characters for somebody, and nothing else', () => {
    for (let round = 0; round < 60; round++) {
      // -1 and the length: the ends of the text.
      const first = random.integer(order.length) - 1;
      const room = order.length - first;
      const last = random.chance(0.5) ? first + 1 : first + 1 + random.integer(room);
      const [left, right] = [order[first] ?? null, order[last] ?? null];
      const update = Y.mergeUpdates([rest, between(left, right)]);
      const isHonest = canBeSideBySide(all, [left, right], order.slice(first + 1, last));
      const expected = isHonest ? 'admitted' : 'update_bad_origin';
      expect(verdict(part, update), `${seed}: ${first} to ${last}`).toBe(expected);
      if (left === null || right === null) continue;
      const back = Y.mergeUpdates([rest, between(right, left)]);
      expect(verdict(part, back), `${seed}: ${last} to ${first}`).toBe('update_bad_origin');
    }
  });

  test('reads the same with what was taken, in whatever order it arrives', () => {
    for (let round = 0; round < 20; round++) {
      const first = random.integer(order.length) - 1;
      const last = first + 1 + random.integer(order.length - first);
      const added = between(order[first] ?? null, order[last] ?? null);
      if (verdict(whole, added) !== 'admitted') continue;
      const early = merged(docs.slice(0, 1 + random.integer(docs.length)));
      Y.applyUpdate(early, added);
      Y.applyUpdate(early, whole);
      const late = merged([all]);
      Y.applyUpdate(late, added);
      const stored = merged([late]);
      const text = late.getText('text:notes').toJSON();
      expect(early.getText('text:notes').toJSON()).toBe(text);
      expect(stored.getText('text:notes').toJSON()).toBe(text);
    }
  });

  test('refuses what stands between a character and itself', () => {
    const id = random.pick(order);
    expect(verdict(null, Y.mergeUpdates([whole, between(id, id)]))).toBe('update_bad_origin');
  });
});

describe('text between two neighbours', () => {
  const typed = craftSection(
    OTHER,
    0,
    item({root: 'text:notes'}, chars('abcdef')),
    item({rightOrigin: {client: OTHER, clock: 0}}, chars('xyz')),
    item({origin: {client: OTHER, clock: 5}}, chars('w')),
  );
  const other = (clock: number) => ({client: OTHER, clock});
  const mine = (clock: number) => ({client: NEWCOMER, clock});
  const standing = (left: Id, right: Id) => item({origin: left, rightOrigin: right}, chars('new'));
  const order: [string, string, Struct[]][] = [
    ['that touch', 'admitted', [standing(other(2), other(3))]],
    ['that others were written between', 'update_bad_origin', [standing(other(0), other(5))]],
    ['an end and the middle of a stretch', 'update_bad_origin', [item({rightOrigin: other(2)}, chars('x'))]],
    ['the middle of a stretch and an end', 'admitted', [item({origin: other(2)}, chars('x'))]],
    ['an end and what had another beginning', 'update_bad_origin', [item({origin: other(8)}, chars('x'))]],
    ['of two stretches', 'admitted', [standing(other(8), other(0))]],
    ['of two stretches, the wrong way round', 'update_bad_origin', [standing(other(0), other(8))]],
    ['of one stretch, the wrong way round', 'update_bad_origin', [standing(other(3), other(1))]],
    ['that follow each other, the wrong way round', 'update_bad_origin', [standing(other(3), other(2))]],
    ['of which the first begins the text', 'update_bad_origin', [standing(other(2), other(6))]],
    [
      'of clocks that follow each other, the wrong way round',
      'update_bad_origin',
      [standing(other(5), other(6))],
    ],
    [
      'the middle of a stretch and what was written after it',
      'update_bad_origin',
      [standing(other(2), other(9))],
    ],
    ['that are one', 'update_bad_origin', [standing(other(3), other(3))]],
    [
      'of which one is new',
      'admitted',
      [standing(other(2), other(3)), standing(mine(0), other(3)), standing(other(2), mine(0))],
    ],
    [
      'of which one is new, the wrong way round',
      'update_bad_origin',
      [standing(other(2), other(3)), standing(mine(0), other(1))],
    ],
    [
      'both new, the wrong way round',
      'update_bad_origin',
      [standing(other(2), other(3)), standing(mine(1), mine(0))],
    ],
  ];
  test.each(order)('%s: %s', (_name, expected, structs) => {
    expect(verdict(typed, craftSection(NEWCOMER, 0, ...structs))).toBe(expected);
  });
});

describe('of several stretches', () => {
  const mine = (clock: number) => ({client: NEWCOMER, clock});
  const other = (clock: number) => ({client: OTHER, clock});
  // a, then four characters of one's own, then r, then b.
  const known = Y.mergeUpdates([
    craftSection(
      OTHER,
      0,
      item({root: 'text:notes'}, chars('ab')),
      item({origin: mine(3), rightOrigin: other(1)}, chars('r')),
    ),
    craftSection(NEWCOMER, 0, item({origin: other(0), rightOrigin: other(1)}, chars('mine'))),
  ]);
  const added = (second: {origin: Id; rightOrigin: Id}) =>
    craftSection(
      NEWCOMER,
      4,
      item({origin: mine(3), rightOrigin: other(2)}, chars('xy')),
      item(second, chars('z')),
    );

  test('the second goes on where the first ended', () => {
    expect(verdict(known, added({origin: mine(5), rightOrigin: other(2)}))).toBe('admitted');
  });

  test('the second is asked about each of its neighbours', () => {
    expect(verdict(known, added({origin: mine(5), rightOrigin: other(0)}))).toBe('update_bad_origin');
    expect(verdict(known, added({origin: other(1), rightOrigin: other(2)}))).toBe('update_bad_origin');
    expect(verdict(known, added({origin: mine(1), rightOrigin: other(2)}))).toBe('update_bad_origin');
  });
});

test('an update that makes the guard walk through a text without end is refused', () => {
  const beside = (client: number, count: number) =>
    craftSection(
      client,
      0,
      ...Array.from({length: count}, () =>
        item({origin: {client: OTHER, clock: 0}, rightOrigin: {client: OTHER, clock: 1}}, chars('x')),
      ),
    );
  const crowded = Y.mergeUpdates([
    craftSection(OTHER, 0, item({root: 'text:notes'}, chars('ab'))),
    beside(1, 1_400),
  ]);
  expect(verdict(crowded, beside(NEWCOMER, 50))).toBe('admitted');
  expect(verdict(crowded, beside(NEWCOMER, 800))).toBe('update_too_large');
});
