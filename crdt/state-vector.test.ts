// State vectors from outside.
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {STATE_VECTOR_ENTRIES_MAX} from './protocol/limits.ts';
import {parseStateVector} from './state-vector.ts';

const vectorOf = (entries: number): Uint8Array =>
  Y.encodeStateVector(new Map(Array.from({length: entries}, (_, index) => [index + 1, 1])));

test('what Yjs writes is read', () => {
  const doc = new Y.Doc();
  doc.clientID = 7;
  doc.getMap('fields').set('a', 1);
  expect(parseStateVector(Y.encodeStateVector(doc))).toEqual(new Map([[7, 1]]));
  expect(parseStateVector(Uint8Array.of(0))).toEqual(new Map());
});

test.each([
  {entries: STATE_VECTOR_ENTRIES_MAX, ok: true},
  {entries: STATE_VECTOR_ENTRIES_MAX + 1, ok: false},
])('$entries entries: $ok', ({entries, ok}) => {
  expect(parseStateVector(vectorOf(entries)) !== null).toBe(ok);
});

test.each([
  {name: 'nothing', bytes: []},
  {name: 'a count beyond the bytes', bytes: [3, 1, 1]},
  {name: 'bytes behind it', bytes: [1, 7, 1, 0]},
  {name: 'one client twice', bytes: [2, 7, 1, 7, 2]},
  {name: 'a padded count', bytes: [0x80, 0x00]},
])('$name is refused', ({bytes}) => {
  expect(parseStateVector(Uint8Array.from(bytes))).toBeNull();
});
