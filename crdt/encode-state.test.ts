import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {randomFrom, type Random} from '#test/support/random.ts';
import {encodeState} from './encode-state.ts';

const KEYS = ['a', 'b', 'c', 'd'];

/** One edit of a kind that moves structs about: new, overwritten, deleted, split, joined, nested. */
function edit(doc: Y.Doc, random: Random): void {
  const map = doc.getMap('fields');
  const text = doc.getText('text');
  switch (random.integer(7)) {
    case 0:
    case 1:
      map.set(random.pick(KEYS), [random.integer(1_000), 'x'.repeat(random.integer(30))]);
      break;
    case 2:
      map.delete(random.pick(KEYS));
      break;
    case 3:
      map.set(random.pick(KEYS), new Y.Map([['inner', random.integer(9)]]));
      break;
    case 4:
    case 5:
      text.insert(random.integer(text.length + 1), 'word'.slice(0, 1 + random.integer(4)));
      break;
    default:
      if (text.length > 0) text.delete(random.integer(text.length), 1);
  }
}

const isSame = (doc: Y.Doc): boolean => Buffer.compare(encodeState(doc), Y.encodeStateAsUpdate(doc)) === 0;

/** Edits of several devices that meet at random in one document, which is encoded now and then. */
function play(seed: number, gc: boolean): void {
  const random = randomFrom(seed);
  const server = new Y.Doc({gc});
  const devices = Array.from({length: 2 + random.integer(5)}, () => new Y.Doc());
  for (let step = 0; step < 60; step++) {
    const device = random.pick(devices);
    if (random.chance(0.1)) device.clientID = random.integer(2 ** 32);
    if (random.chance(0.2)) edit(server, random);
    else edit(device, random);
    if (random.chance(0.5)) Y.applyUpdate(device, Y.encodeStateAsUpdate(server, Y.encodeStateVector(device)));
    if (random.chance(0.7)) Y.applyUpdate(server, Y.encodeStateAsUpdate(device, Y.encodeStateVector(server)));
    if (random.chance(0.6)) expect(isSame(server)).toBe(true);
  }
  expect(isSame(server)).toBe(true);
}

test('encodes what Yjs encodes, byte for byte, however a document came about', () => {
  for (let seed = 0; seed < 300; seed++) play(seed, seed % 2 === 0);
});

test('encodes again only what a transaction touched', () => {
  const doc = new Y.Doc();
  doc.getMap('fields').set('a', 1);
  const first = encodeState(doc);
  expect(encodeState(doc)).toBe(first);
  doc.getMap('fields').set('b', 2);
  expect(encodeState(doc)).not.toEqual(first);
});

test('what waits for something that is missing is encoded too', () => {
  const device = new Y.Doc();
  device.getMap('fields').set('a', 1);
  const before = Y.encodeStateVector(device);
  device.getMap('fields').set('a', 2);
  const doc = new Y.Doc();
  encodeState(doc);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(device, before));
  expect(encodeState(doc)).toEqual(Y.encodeStateAsUpdate(doc));
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(device));
  expect(encodeState(doc)).toEqual(Y.encodeStateAsUpdate(doc));
});
