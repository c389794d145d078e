// Text that a member may not delete: the deletion is integrated, since the device has done it, and the same
// text is written again by the server in the same place.
import * as Y from 'yjs';
import type {TextDelete} from './admitted.ts';
import type {ItemId} from './update-reader.ts';
import {writeUpdate} from './update-writer.ts';

/** A stretch of one item that is deleted and written again. */
interface Segment extends ItemId {
  readonly index: number;
  readonly text: string;
}

/** Inside a transaction. Afterwards every text reads as before; the deleted items are gone all the same. */
export function undoTextDeletes(doc: Y.Doc, ranges: readonly TextDelete[]): void {
  const roots = new Map(ranges.map((range) => [range.root.name, range.root]));
  const segments = [...roots.values()].map((root) => ({
    root,
    parts: segmentsOf(doc.getText(root.name), ranges),
  }));
  const textDeletes = segments.flatMap(({root, parts}) =>
    parts.map(({client, clock, text}) => ({root, client, clock, length: text.length})),
  );
  Y.applyUpdate(
    doc,
    writeUpdate(new Uint8Array(), {elements: [], textDeletes}, () => false),
  );
  if (doc._transaction !== null) doc._transaction.local = true;
  for (const {root, parts} of segments) {
    // Left to right: each insertion restores the indexes of those after it.
    for (const {index, text} of parts) doc.getText(root.name).insert(index, text);
  }
}

/**
 * Writes what is left of a text so that it reads as before: a refused item that stands inside a surrogate pair
 * tears it apart, although nothing of it is shown.
 */
export function keepText(text: Y.Text, before: string): void {
  const {index, remove, insert} = diffText(text.toJSON(), before);
  if (remove > 0) text.delete(index, remove);
  if (insert !== '') text.insert(index, insert);
}

/** Surrogate pairs that a range cuts are taken whole: half a pair can neither stay nor be written again. */
function segmentsOf(text: Y.Text, ranges: readonly TextDelete[]): Segment[] {
  const segments: Segment[] = [];
  let index = 0;
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !(item.content instanceof Y.ContentString)) continue;
    const {id, length, content} = item;
    let done = 0;
    for (const range of ranges) {
      if (range.client !== id.client) continue;
      let from = Math.max(range.clock - id.clock, 0);
      let to = Math.min(range.clock + range.length - id.clock, length);
      if (from >= to) continue;
      if (isInsidePair(content.str, from)) from--;
      if (isInsidePair(content.str, to)) to++;
      from = Math.max(from, done);
      if (from >= to) continue;
      done = to;
      const part = {client: id.client, clock: id.clock + from, index: index + from};
      segments.push({...part, text: content.str.slice(from, to)});
    }
    index += length;
  }
  return segments;
}

/** The smallest replacement that turns one text into another: common ends stay, so that others' places in them do too. */
export function diffText(before: string, after: string): {index: number; remove: number; insert: string} {
  let start = 0;
  const shorter = Math.min(before.length, after.length);
  while (start < shorter && before[start] === after[start]) start++;
  if (isInsidePair(before, start) || isInsidePair(after, start)) start--;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  if (isInsidePair(before, before.length - end) || isInsidePair(after, after.length - end)) end--;
  return {index: start, remove: before.length - end - start, insert: after.slice(start, after.length - end)};
}

/** Whether a cut at `index` would tear a surrogate pair apart. */
function isInsidePair(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return false;
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
