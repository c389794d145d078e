import * as encoding from 'lib0/encoding';
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {randomFrom, type Random} from '#test/support/random.ts';
import type {JsonValue} from './json.ts';
import {encodeOverwrites, findLive, nextClock, overwriteEntry, readPlainState} from './plain-state.ts';
import type {ItemId} from './update-reader.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const SERVER = 2 ** 40 + 7;

/** A document that several devices and the server wrote to, often without having seen each other. */
function someDocument(random: Random): Y.Doc {
  const server = new Y.Doc();
  server.clientID = random.chance(0.8) ? SERVER : random.integer(2 ** 32);
  const devices = Array.from({length: 1 + random.integer(4)}, () => new Y.Doc());
  for (let step = 0; step < 30; step++) {
    const doc = random.chance(0.3) ? server : random.pick(devices);
    const map = doc.getMap(random.chance(0.8) ? 'fields' : 'set:tags');
    if (random.chance(0.05)) map.delete(random.pick(KEYS));
    else map.set(random.pick(KEYS), [step, someValue(random)]);
    if (doc === server) continue;
    if (random.chance(0.4)) Y.applyUpdate(doc, Y.encodeStateAsUpdate(server));
    if (random.chance(0.6)) Y.applyUpdate(server, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(server)));
  }
  return server;
}

const someValue = (random: Random): JsonValue =>
  random.pick<JsonValue>([null, true, -3.25, 2 ** 45, 'ä'.repeat(random.integer(90)), {x: [1, 'y']}, []]);

function load(bytes: Uint8Array, clientId = 0): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 0;
  Y.applyUpdate(doc, bytes);
  doc.clientID = clientId;
  return doc;
}

const encode = (value: JsonValue): Uint8Array =>
  encoding.encode((encoder) => encoding.writeAny(encoder, value as never));

const shownAt = (doc: Y.Doc, root: string, key: string): ItemId | null => {
  const head = doc.getMap(root)._map.get(key);
  return head === undefined || head.deleted ? null : {client: head.lastId.client, clock: head.lastId.clock};
};

const plain = (bytes: Uint8Array) => {
  const state = readPlainState(bytes);
  if (state === null) throw new Error('The state is not plain.');
  return state;
};

test('an entry overwritten in its bytes is what Yjs makes of it, and so is what others are sent', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = randomFrom(seed);
    let bytes: Uint8Array = Y.encodeStateAsUpdate(someDocument(random));
    const client = random.chance(0.8) ? SERVER : random.integer(2 ** 32);
    for (let edit = 0; edit < 12; edit++) {
      const root = random.chance(0.8) ? 'fields' : 'set:tags';
      const key = random.pick(KEYS);
      const doc = load(bytes, client);
      const over = shownAt(doc, root, key);
      if (over === null) continue;
      const state = plain(bytes);
      const id = {client, clock: nextClock(state, client)};
      const value = [edit, someValue(random)];
      let delta: Uint8Array | undefined;
      doc.on('update', (update: Uint8Array) => (delta = update));
      doc.getMap(root).set(key, value);
      bytes = overwriteEntry(state, {id, over, value: encode(value)});
      expect(shownAt(doc, root, key)).toEqual(id);
      expect(Y.encodeStateAsUpdate(load(bytes))).toEqual(
        Y.encodeStateAsUpdate(load(Y.encodeStateAsUpdate(doc))),
      );
      expect(encodeOverwrites([{id, over, value: encode(value)}])).toEqual(delta);
    }
  }
});

test('overwrites of one edit go out together', () => {
  const doc = new Y.Doc();
  doc.transact(() => KEYS.forEach((key) => doc.getMap('fields').set(key, [1, key])));
  const before = Y.encodeStateAsUpdate(doc);
  const overs = KEYS.map((key) => shownAt(doc, 'fields', key) as ItemId);
  doc.clientID = SERVER;
  let delta: Uint8Array | undefined;
  doc.on('update', (update: Uint8Array) => (delta = update));
  doc.transact(() => KEYS.forEach((key) => doc.getMap('fields').set(key, [2, key])));
  const overwrites = overs.map((over, clock) => ({
    id: {client: SERVER, clock},
    over,
    value: encode([2, KEYS[clock] ?? '']),
  }));
  expect(encodeOverwrites(overwrites)).toEqual(delta);
  const after = overwrites.reduce((bytes, overwrite) => overwriteEntry(plain(bytes), overwrite), before);
  expect(after).toEqual(Y.encodeStateAsUpdate(doc));
});

test('of the items that may show an entry the live one is found', () => {
  for (let seed = 0; seed < 100; seed++) {
    const doc = someDocument(randomFrom(seed));
    const state = plain(Y.encodeStateAsUpdate(doc));
    for (const key of KEYS) {
      const ids: ItemId[] = [];
      for (let item = doc.getMap('fields')._map.get(key) ?? null; item !== null; item = item.left)
        for (let clock = item.id.clock; clock < item.id.clock + item.length; clock++)
          ids.push({client: item.id.client, clock});
      expect(findLive(state, ids.reverse())).toEqual(shownAt(doc, 'fields', key));
    }
  }
});

test('a document with a text is not plain, nor are bytes that end early or go on', () => {
  const doc = new Y.Doc();
  doc.getMap('fields').set('a', [1, {b: ['c', 1.5]}]);
  const bytes = Y.encodeStateAsUpdate(doc);
  for (let end = 0; end < bytes.length; end++) expect(readPlainState(bytes.subarray(0, end))).toBeNull();
  expect(readPlainState(new Uint8Array([...bytes, 0]))).toBeNull();
  doc.getText('text:notes').insert(0, 'x');
  expect(readPlainState(Y.encodeStateAsUpdate(doc))).toBeNull();
});
