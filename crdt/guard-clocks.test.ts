// What an update says of clocks that the document knows, and what is left of it past them.
import {describe, expect, it, test} from 'vitest';
import * as Y from 'yjs';
import {guarded} from '#test/support/guarded.ts';
import {
  chars,
  collected,
  craftSection,
  deleted,
  item,
  register,
  skip,
  values,
} from '#test/support/update-writer.ts';
import {clients} from './entities/clients.ts';
import {writeUpdate} from './update-writer.ts';

const OWN = 100;
const OTHER = 200;
const own: ReadonlySet<number> = new Set([OWN]);
const notes = {root: 'text:notes'};
const first = {client: OWN, clock: 0};

describe('under known clocks of its own a device says what it said before', () => {
  const written = craftSection(
    OWN,
    0,
    register('kind', 'person'),
    item(notes, chars('hello')),
    item({origin: first}, values([1, 'b'], [2, 'c'])),
  );

  it.each([
    ['an item that had a neighbour and now begins a field', 6, register('kind', 'person')],
    [
      'a neighbour of the same clock, of somebody else',
      6,
      item({origin: {client: OTHER, clock: 0}}, values([1, 'b'])),
    ],
    ['another neighbour of the same device', 6, item({origin: {client: OWN, clock: 3}}, values([1, 'b']))],
    ['values where a text stands', 1, item(notes, values([1, 'b']))],
    ['a text where values stand', 6, item({origin: first}, chars('bc'))],
  ])('and not %s', (_, clock, struct) => {
    expect(guarded(clients, own, written).verdict(craftSection(OWN, clock, struct))).toBe('client_taken');
  });

  it('but for what the document has collected: that cannot be compared', () => {
    const gone = craftSection(OWN, 0, collected(2), register('kind', 'person'));
    const again = craftSection(
      OWN,
      0,
      register('email', 'x'),
      register('phone', 'y'),
      register('kind', 'person'),
    );
    expect(guarded(clients, own, gone).verdict(again)).toBe('admitted');
    const run = craftSection(OWN, 0, item({root: 'fields', key: 'email'}, values([1, 'x'], [2, 'y'])));
    expect(guarded(clients, own, gone).verdict(run)).toBe('admitted');
  });
});

test('a skip of somebody else past what is known is a gap', () => {
  const held = guarded(clients, own, craftSection(OTHER, 0, register('kind', 'person')));
  expect(held.verdict(craftSection(OTHER, 1, skip(2)))).toBe('need');
});

describe('what is known in part is cut where the document ends', () => {
  it.each([
    ['through a pair of the lowest high surrogate', '\u{10000}c', 1, '\ufffdc'],
    ['through a pair of the highest high surrogate', '\u{10fc00}c', 1, '\ufffdc'],
    ['behind a pair', '😀bc', 2, 'bc'],
    ['behind a letter past all surrogates', '\ufb00bc', 1, 'bc'],
  ])('a text %s', (_, text, known, rest) => {
    const held = guarded(clients, own, craftSection(OWN, 0, item(notes, chars('x'.repeat(known)))));
    held.doc.getText('text:notes').delete(0, known);
    const [element] = held.admit(craftSection(OWN, 0, item(notes, chars(text)))).elements;
    expect(element).toMatchObject({clock: known, text: rest, origin: {client: OWN, clock: known - 1}});
  });

  it('a deleted run', () => {
    const held = guarded(clients, own, craftSection(OWN, 0, item(notes, deleted(2))));
    const [element] = held.admit(craftSection(OWN, 0, item(notes, deleted(5)))).elements;
    expect(element).toMatchObject({clock: 2, length: 3});
  });

  it('a run of values, each of which is written on as it was', () => {
    const run = (...list: unknown[]) =>
      craftSection(OWN, 0, item({root: 'fields', key: 'email'}, values(...list)));
    const held = guarded(clients, own, run([1, 'a']));
    const admitted = held.admit(run([1, 'a'], [2, 'bb'], [3, 'ccc']));
    Y.applyUpdate(
      held.doc,
      writeUpdate(admitted.bytes, admitted, () => false),
    );
    expect(held.doc.getMap('fields').get('email')).toEqual([3, 'ccc']);
    expect(Y.getState(held.doc.store, OWN)).toBe(3);
  });
});
