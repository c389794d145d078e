// The last of an update's writes to one key, and the chain of writes behind it. Read inside the transaction
// that integrated them: afterwards Yjs merges neighbours and forgets their origins.
import type * as Y from 'yjs';
import type {MapElement} from './admitted.ts';
import {isWithin, type ItemId} from './update-reader.ts';

/** The new elements of one key, and the clocks the document had of their clients before. */
export interface KeyElements {
  readonly elements: readonly MapElement[];
  readonly known: ReadonlyMap<number, number>;
}

/**
 * The rightmost new item in Yjs order, found by walking left from the head (R2): not the one of highest
 * clock, and not the one stamped last. Null if the document holds none of them.
 */
export function findTip(
  head: Y.Item,
  {elements, known}: KeyElements,
): {element: MapElement; id: ItemId; isHead: boolean} | null {
  for (let item: Y.Item | null = head; item !== null; item = item.left) {
    const id = item.lastId;
    const from = known.get(id.client);
    if (from === undefined || id.clock < from) continue;
    const element = elements[findIndex(elements, id, elements.length)];
    if (element !== undefined)
      return {element, id: {client: id.client, clock: id.clock}, isHead: item === head};
  }
  return null;
}

/**
 * The tip and everything new it builds on, and the first item outside the update that it builds on: what the
 * device showed before it wrote (R3).
 */
export function chainOf(
  tip: MapElement,
  {elements}: KeyElements,
): {elements: readonly MapElement[]; base: ItemId | null} {
  const chain: MapElement[] = [tip];
  for (let index = elements.indexOf(tip); ;) {
    const origin = elements[index]?.origin ?? null;
    if (origin === null) return {elements: chain, base: null};
    const before = findIndex(elements, origin, index);
    const link = elements[before];
    if (link === undefined) return {elements: chain, base: origin};
    chain.push(link);
    index = before;
  }
}

/**
 * The element that covers an id, or -1; a run that arrived collected covers all its clocks. A predecessor
 * nearly always stands just before `near`.
 */
function findIndex(elements: readonly MapElement[], id: ItemId, near: number): number {
  const covers = (element: MapElement | undefined): boolean => element !== undefined && isWithin(id, element);
  for (let index = near - 1; index >= 0; index--) {
    if (covers(elements[index])) return index;
  }
  for (let index = elements.length - 1; index >= near; index--) {
    if (covers(elements[index])) return index;
  }
  return -1;
}
