// Does new text stand between the neighbours it names? Yjs takes a left neighbour that stands right of the
// right one without complaint, but then where the text ends up depends on who integrates it when: the server,
// its stored state and the devices would read different texts. So the update's items are laid out beside the
// document first, as Yjs will do it (YATA), and whatever names neighbours in the wrong order is refused.
import type * as Y from 'yjs';
import {Refusal, type AdmittedElement, type TextElement} from './admitted.ts';
import {isSameId, type ItemId} from './update-reader.ts';

/** A stretch of a text, known or new, with its place among the others. */
interface Stretch {
  readonly client: number;
  readonly clock: number;
  length: number;
  readonly origin: ItemId | null;
  readonly rightOrigin: ItemId | null;
  right: Stretch | null;
}

interface Layout {
  start: Stretch | null;
  /** By client, in clock order. */
  readonly byClient: Map<number, Stretch[]>;
  steps: number;
}

/** Stretches walked over for one update: more than honest edits of the longest text take. */
const STEPS_MAX = 2_000_000;

/** elements: in an order in which neighbours come first. Throws `Refusal`. */
export function refuseDisorder(doc: Y.Doc, elements: readonly AdmittedElement[]): void {
  const byRoot = new Map<string, TextElement[]>();
  for (const element of elements) {
    if (element.kind !== 'text') continue;
    const list = byRoot.get(element.root.name);
    if (list === undefined) byRoot.set(element.root.name, [element]);
    else list.push(element);
  }
  for (const [name, texts] of byRoot) {
    // Only between two neighbours can there be disorder; typing at an end, or one stretch of typing, has none.
    if (texts.every((element) => element.origin === null || element.rightOrigin === null)) continue;
    const layout = layOut(doc.getText(name));
    for (const element of texts) place(layout, element);
  }
}

function layOut(text: Y.Text): Layout {
  const layout: Layout = {start: null, byClient: new Map(), steps: 0};
  let last: Stretch | null = null;
  for (let item = text._start; item !== null; item = item.right) {
    const {id, length, origin, rightOrigin} = item;
    const stretch: Stretch = {client: id.client, clock: id.clock, length, origin, rightOrigin, right: null};
    if (last === null) layout.start = stretch;
    else last.right = stretch;
    last = stretch;
    const list = layout.byClient.get(id.client);
    if (list === undefined) layout.byClient.set(id.client, [stretch]);
    else list.push(stretch);
  }
  for (const list of layout.byClient.values()) list.sort((a, b) => a.clock - b.clock);
  return layout;
}

function place(layout: Layout, element: TextElement): void {
  const {client, clock, length, origin, rightOrigin} = element;
  // The right one first: were both in one stretch the wrong way round, cutting it would shorten the left one.
  const right = rightOrigin === null ? null : beginningAt(layout, rightOrigin);
  const left = origin === null ? null : endingAt(layout, origin);
  if (left !== null && right !== null) refuseUnlessBefore(layout, left, right);
  const after = findPlace(layout, element, {left, right});
  const stretch: Stretch = {client, clock, length, origin, rightOrigin, right: null};
  if (after === null) {
    stretch.right = layout.start;
    layout.start = stretch;
  } else {
    stretch.right = after.right;
    after.right = stretch;
  }
  const list = layout.byClient.get(client);
  // New clocks of a client are its highest, and come in their order.
  if (list === undefined) layout.byClient.set(client, [stretch]);
  else list.push(stretch);
}

function refuseUnlessBefore(layout: Layout, left: Stretch, right: Stretch): void {
  for (let next = left.right; next !== null; next = next.right) {
    count(layout);
    if (next === right) return;
  }
  throw new Refusal('update_bad_origin', 'A text names its neighbours in the wrong order.');
}

/** Yjs' own rule for concurrent insertions in one place (Item.integrate). */
function findPlace(
  layout: Layout,
  element: TextElement,
  {left, right}: {left: Stretch | null; right: Stretch | null},
): Stretch | null {
  const passed = new Set<Stretch>();
  const conflicting = new Set<Stretch>();
  let after = left;
  for (
    let other = left === null ? layout.start : left.right;
    other !== null && other !== right;
    other = other.right
  ) {
    count(layout);
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

function count(layout: Layout): void {
  if (++layout.steps > STEPS_MAX) {
    throw new Refusal('update_too_large', 'The update edits a text in too many places at once.');
  }
}

function indexOf(list: readonly Stretch[], clock: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((list[middle]?.clock ?? Infinity) <= clock) low = middle;
    else high = middle - 1;
  }
  return low;
}

const at = (layout: Layout, {client, clock}: ItemId): Stretch | undefined => {
  const list = layout.byClient.get(client) ?? [];
  return list[indexOf(list, clock)];
};

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
  const {client, rightOrigin} = stretch;
  const origin = {client, clock: clock - 1};
  const rest: Stretch = {
    client,
    clock,
    length: stretch.length - offset,
    origin,
    rightOrigin,
    right: stretch.right,
  };
  stretch.length = offset;
  stretch.right = rest;
  const list = layout.byClient.get(client) ?? [];
  list.splice(indexOf(list, stretch.clock) + 1, 0, rest);
  return rest;
}
