// A text that several people write at once, as stock Yjs has it: what a look at it by our own code is held against.
import * as Y from 'yjs';
import type {Random} from './random.ts';
import type {Id} from './update-writer.ts';

export const writers = [101, 102, 103, 104];

/** Four writers of one text who meet now and then; the last edits are not known to all. */
export function textHistory(random: Random): Y.Doc[] {
  const docs = writers.map((client) => {
    const doc = new Y.Doc({gc: false});
    doc.clientID = client;
    return doc;
  });
  for (let step = 0; step < 60; step++) {
    const doc = random.pick(docs);
    const text = doc.getText('text:notes');
    if (random.chance(0.3)) Y.applyUpdate(doc, Y.encodeStateAsUpdate(random.pick(docs)));
    // Mostly in few places, so that several write in the same one.
    const place = random.chance(0.7)
      ? Math.min(text.length, random.integer(3))
      : random.integer(text.length + 1);
    if (text.length > 0 && random.chance(0.2)) text.delete(random.integer(text.length), 1);
    else text.insert(place, 'abcd'.slice(0, 1 + random.integer(4)));
  }
  return docs;
}

export function merged(docs: readonly Y.Doc[]): Y.Doc {
  const all = new Y.Doc({gc: false});
  for (const doc of docs) Y.applyUpdate(all, Y.encodeStateAsUpdate(doc));
  return all;
}

/** Every character that was ever written, as the text has them in order. */
export function orderOf(doc: Y.Doc): Id[] {
  const ids: Id[] = [];
  for (let struct = doc.getText('text:notes')._start; struct !== null; struct = struct.right) {
    for (let offset = 0; offset < struct.length; offset++) {
      ids.push({client: struct.id.client, clock: struct.id.clock + offset});
    }
  }
  return ids;
}
