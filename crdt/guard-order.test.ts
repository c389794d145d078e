import {describe, expect, test} from 'vitest';
import * as Y from 'yjs';
import {guarded} from '#test/support/guarded.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import {chars, craftSection, item, type Id} from '#test/support/update-writer.ts';
import {tasks} from './entities/tasks.ts';

const SEEDS = Array.from({length: 40}, (_, index) => 2_026 + index);
const NEWCOMER = 500;
const clients = [101, 102, 103, 104];
const own: ReadonlySet<number> = new Set([...clients, NEWCOMER]);

/** Four writers of one text who meet now and then; the last edits are not known to all. */
function history(random: Random): Y.Doc[] {
  const docs = clients.map((client) => {
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

function merged(docs: readonly Y.Doc[]): Y.Doc {
  const all = new Y.Doc({gc: false});
  for (const doc of docs) Y.applyUpdate(all, Y.encodeStateAsUpdate(doc));
  return all;
}

/** Every character that was ever written, as the text has them in order. */
function orderOf(doc: Y.Doc): Id[] {
  const ids: Id[] = [];
  for (let struct = doc.getText('text:notes')._start; struct !== null; struct = struct.right) {
    for (let offset = 0; offset < struct.length; offset++) {
      ids.push({client: struct.id.client, clock: struct.id.clock + offset});
    }
  }
  return ids;
}

/** What becomes of an update at a server that has some of the text already. */
const verdict = (held: Uint8Array | null, update: Uint8Array): string =>
  guarded(tasks, own, ...(held === null ? [] : [held])).verdict(update);

/** One more character between two others, by somebody who saw them all. */
const between = (left: Id, right: Id): Uint8Array =>
  craftSection(NEWCOMER, 0, item({origin: left, rightOrigin: right}, chars('x')));

describe.each(SEEDS)('a text by four writers, seed %i', (seed) => {
  const random = randomFrom(seed);
  const docs = history(random);
  const all = merged(docs);
  const order = orderOf(all);
  const whole = Y.encodeStateAsUpdate(all);
  const part = Y.encodeStateAsUpdate(docs[0]!);
  const rest = Y.encodeStateAsUpdate(all, Y.encodeStateVectorFromUpdate(part));

  test('is admitted whole, or what of it is missing', () => {
    expect(verdict(null, whole)).toBe('admitted');
    expect(verdict(part, rest)).toBe('admitted');
  });

  test('takes what names two of its characters in their order, and refuses it the other way round', () => {
    for (let round = 0; round < 40; round++) {
      const first = random.integer(order.length - 1);
      const last = random.chance(0.5) ? first + 1 : first + 1 + random.integer(order.length - 1 - first);
      const [left, right] = [order[first]!, order[last]!];
      const forth = Y.mergeUpdates([rest, between(left, right)]);
      const back = Y.mergeUpdates([rest, between(right, left)]);
      expect(verdict(part, forth), `${seed}: ${first} to ${last}`).toBe('admitted');
      expect(verdict(part, back), `${seed}: ${last} to ${first}`).toBe('update_bad_origin');
    }
  });

  test('refuses what stands between a character and itself', () => {
    const id = random.pick(order);
    expect(verdict(null, Y.mergeUpdates([whole, between(id, id)]))).toBe('update_bad_origin');
  });
});
