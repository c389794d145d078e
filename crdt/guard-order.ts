// Could anybody have written this text between these neighbours? Yjs takes any two without complaint; but where they
// never stood side by side, where the text ends up depends on who integrates it when: the server, its stored
// state and the devices would read different texts. So the update's items are laid out beside the document first.
import * as Y from 'yjs';
import {Refusal, type AdmittedElement, type TextElement} from './admitted.ts';
import {following, holds, layOut, neighboursIn, place, type Layout, type Neighbours} from './layout.ts';
import {isSameId} from './update-reader.ts';

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
    const text = doc.getText(name);
    // What most updates hold: one stretch of typing, where nobody else is.
    if (isOneRow(doc, text, texts)) continue;
    const layout = layOut(text._start, countTo(STEPS_MAX));
    for (const element of texts) {
      const neighbours = neighboursIn(layout, element);
      refuseUnlessSideBySide(layout, neighbours);
      place(layout, element, neighbours);
    }
  }
}

function countTo(max: number): () => void {
  let steps = 0;
  return () => {
    if (++steps > max) {
      throw new Refusal('update_too_large', 'The update edits a text in too many places at once.');
    }
  };
}

/** Whether the first stands between two items that are side by side now, and each other one right of the one before. */
function isOneRow(doc: Y.Doc, text: Y.Text, elements: readonly TextElement[]): boolean {
  let before: TextElement | null = null;
  for (const element of elements) {
    if (before === null ? !isAtItsPlace(doc, text, element) : !isNext(before, element)) return false;
    before = element;
  }
  return true;
}

const isNext = ({client, clock, length, rightOrigin}: TextElement, next: TextElement): boolean =>
  isSameId(next.origin, {client, clock: clock + length - 1}) && isSameId(next.rightOrigin, rightOrigin);

function isAtItsPlace(doc: Y.Doc, text: Y.Text, {origin, rightOrigin}: TextElement): boolean {
  if (origin === null) return isSameId(rightOrigin, text._start?.id ?? null);
  if (origin.clock >= Y.getState(doc.store, origin.client)) return false;
  const left = Y.getItem(doc.store, Y.createID(origin.client, origin.clock));
  const isLast = origin.clock === left.id.clock + left.length - 1;
  const right = isLast ? (left.right?.id ?? null) : {client: origin.client, clock: origin.clock + 1};
  return isSameId(rightOrigin, right);
}

/**
 * Who holds the left neighbour holds what that one names as its right one, and the other way round; and with these, all
 * that anybody must hold. So the two were side by side for somebody if neither of these stands between them.
 */
function refuseUnlessSideBySide(layout: Layout, {left, right}: Neighbours): void {
  for (let next = following(layout, left); next !== right; next = next.right) {
    if (next === null) {
      throw new Refusal('update_bad_origin', 'A text names its neighbours in the wrong order.');
    }
    layout.step();
    if (holds(next, left?.rightOrigin) || holds(next, right?.origin)) {
      throw new Refusal('update_bad_origin', 'A text names neighbours that never stood side by side.');
    }
  }
}
