import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {guarded} from '#test/support/guarded.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import {merged, orderOf, textHistory, writers} from '#test/support/text-history.ts';
import {chars, craftSection, item, type Id} from '#test/support/update-writer.ts';
import {tasks} from './entities/tasks.ts';
import {layOut, neighboursIn, place, type Layout} from './layout.ts';

const SEEDS = Array.from({length: 60}, (_, index) => 2_026 + index);
/** Ids below those of the writers, of one of them, and above. */
const crafters = [50, 103, 500];

const readOf = ({start}: Layout): Id[] => {
  const ids: Id[] = [];
  for (let stretch = start; stretch !== null; stretch = stretch.right) {
    const {client, clock, length} = stretch;
    for (let offset = 0; offset < length; offset++) ids.push({client, clock: clock + offset});
  }
  return ids;
};

/** The order that the layout comes to, of a text and of what an update adds to it; null if the guard refuses that. */
function laidOut(held: Uint8Array, update: Uint8Array): Id[] | null {
  const server = guarded(tasks, new Set([...writers, ...crafters]), held);
  if (server.verdict(update) !== 'admitted') return null;
  const layout = layOut(server.doc.getText('text:notes')._start, () => undefined);
  for (const element of server.admit(update).elements) {
    if (element.kind === 'text') place(layout, element, neighboursIn(layout, element));
  }
  return readOf(layout);
}

/** Two characters between two others that its writer may just have seen side by side, again and again in the same place. */
function craft(doc: Y.Doc, client: number, random: Random): Uint8Array {
  const order = orderOf(doc);
  const first = random.integer(order.length) - 1;
  const last = first + 1 + random.integer(Math.min(6, order.length - first));
  const [left, right] = [order[first], order[last]];
  const place = {...(left && {origin: left}), ...(right && {rightOrigin: right})};
  const root = left === undefined && right === undefined ? {root: 'text:notes'} : {};
  return craftSection(client, Y.getState(doc.store, client), item({...place, ...root}, chars('xy')));
}

test.each(SEEDS)('new text is laid out where Yjs puts it, seed %i', (seed) => {
  const random = randomFrom(seed);
  const docs = textHistory(random);
  const all = merged(docs);
  const part = Y.encodeStateAsUpdate(docs[0]!);
  const rest = Y.encodeStateAsUpdate(all, Y.encodeStateVectorFromUpdate(part));
  expect(laidOut(part, rest)).toEqual(orderOf(all));
  let crafted = 0;
  for (let round = 0; round < 40; round++) {
    const held = Y.encodeStateAsUpdate(all);
    const update = craft(all, random.pick(crafters), random);
    const order = laidOut(held, update);
    if (order === null) continue;
    crafted++;
    Y.applyUpdate(all, update);
    expect(order, `${seed}: round ${round}`).toEqual(orderOf(all));
  }
  expect(crafted).toBeGreaterThan(0);
});
