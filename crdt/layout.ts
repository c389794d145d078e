// The items of a text in their order, and what is added to them where Yjs would put it (YATA): a look at how the
// document would be, without touching it.
import type * as Y from 'yjs';
import type {TextElement} from './admitted.ts';
import {byClient, firstEndingAfter} from './by-clock.ts';
import {isSameId, isWithin, type ItemId} from './update-reader.ts';

/** A stretch of one client's clocks, known or new, with its place among the others. */
export interface Stretch {
  readonly client: number;
  readonly clock: number;
  length: number;
  readonly origin: ItemId | null;
  readonly rightOrigin: ItemId | null;
  right: Stretch | null;
}

export interface Layout {
  start: Stretch | null;
  /** By client, in clock order. */
  readonly byClient: Map<number, Stretch[]>;
  /** Called for each stretch that is walked over. */
  readonly step: () => void;
}

/** first: the leftmost item of the text; null where there is none yet. */
export function layOut(first: Y.Item | null, step: () => void): Layout {
  const stretches: Stretch[] = [];
  for (let item = first; item !== null; item = item.right) {
    step();
    const {id, length, origin, rightOrigin} = item;
    const stretch: Stretch = {client: id.client, clock: id.clock, length, origin, rightOrigin, right: null};
    const last = stretches.at(-1);
    if (last !== undefined) last.right = stretch;
    stretches.push(stretch);
  }
  const lists = byClient(stretches);
  for (const list of lists.values()) list.sort((a, b) => a.clock - b.clock);
  return {start: stretches[0] ?? null, byClient: lists, step};
}

/** What an element names to its sides; null: an end of the text. */
export interface Neighbours {
  readonly left: Stretch | null;
  readonly right: Stretch | null;
}

/** Cuts stretches where the element names their middle. */
export function neighboursIn(layout: Layout, element: TextElement): Neighbours {
  const {origin, rightOrigin} = element;
  // The right one first: were both in one stretch the wrong way round, cutting it would shorten the left one.
  const right = rightOrigin === null ? null : beginningAt(layout, rightOrigin);
  const left = origin === null ? null : endingAt(layout, origin);
  return {left, right};
}

/** What stands right of `left`; of the beginning, where that is null. */
export const following = (layout: Layout, left: Stretch | null): Stretch | null =>
  left === null ? layout.start : left.right;

/** Whether an element that somebody names is part of a stretch. */
export const holds = (stretch: Stretch, id: ItemId | null | undefined): boolean =>
  id !== null && id !== undefined && isWithin(id, stretch);

/** Puts the element where Yjs will. Elements of one client come in clock order, and after their neighbours. */
export function place(layout: Layout, element: TextElement, neighbours: Neighbours): void {
  const {client, clock, length, origin, rightOrigin} = element;
  const after = findPlace(layout, element, neighbours);
  const right = following(layout, after);
  const stretch: Stretch = {client, clock, length, origin, rightOrigin, right};
  if (after === null) layout.start = stretch;
  else after.right = stretch;
  const list = layout.byClient.get(client);
  // New clocks of a client are its highest.
  if (list === undefined) layout.byClient.set(client, [stretch]);
  else list.push(stretch);
}

/** Yjs' own rule for concurrent insertions in one place (Item.integrate). */
function findPlace(layout: Layout, element: TextElement, {left, right}: Neighbours): Stretch | null {
  const passed = new Set<Stretch>();
  const conflicting = new Set<Stretch>();
  let after = left;
  for (let other = following(layout, left); other !== null && other !== right; other = other.right) {
    layout.step();
    passed.add(other);
    conflicting.add(other);
    if (isSameId(element.origin, other.origin)) {
      if (other.client < element.client) {
        after = other;
        conflicting.clear();
      } else if (isSameId(element.rightOrigin, other.rightOrigin)) {
        break;
      }
    } else {
      const origin = other.origin === null ? undefined : at(layout, other.origin);
      if (origin === undefined || !passed.has(origin)) break;
      if (!conflicting.has(origin)) {
        after = other;
        conflicting.clear();
      }
    }
  }
  return after;
}

function at(layout: Layout, {client, clock}: ItemId): Stretch | undefined {
  const list = layout.byClient.get(client) ?? [];
  return list[firstEndingAfter(list, clock)];
}

/** The stretch whose last element this is, cut there if need be. */
function endingAt(layout: Layout, id: ItemId): Stretch | null {
  const stretch = at(layout, id);
  if (stretch === undefined) return null;
  cut(layout, stretch, id.clock + 1);
  return stretch;
}

/** The stretch whose first element this is, cut there if need be. */
function beginningAt(layout: Layout, id: ItemId): Stretch | null {
  const stretch = at(layout, id);
  if (stretch === undefined) return null;
  return cut(layout, stretch, id.clock);
}

/** Cuts before `clock`; answers what begins there. */
function cut(layout: Layout, stretch: Stretch, clock: number): Stretch {
  const offset = clock - stretch.clock;
  if (offset <= 0 || offset >= stretch.length) return stretch;
  const {client, rightOrigin, right} = stretch;
  const length = stretch.length - offset;
  const rest: Stretch = {client, clock, length, origin: {client, clock: clock - 1}, rightOrigin, right};
  stretch.length = offset;
  stretch.right = rest;
  const list = layout.byClient.get(client) ?? [];
  list.splice(firstEndingAfter(list, clock - 1) + 1, 0, rest);
  return rest;
}
