// A device that lost its newest state and goes on under its old client id writes new items under clocks that
// are taken: Yjs would drop them as known, silently and for ever. Seen by holding what the update says about
// known clocks against the document. What the document has since collected cannot be compared: hence fresh
// client ids at every start.
import * as Y from 'yjs';
import {Refusal} from './admitted.ts';
import {unstorable, type AnyValue} from './any-reader.ts';
import type {Entity} from './entities/entity.ts';
import {isEqualJson, type JsonValue} from './json.ts';
import {rootOfItem} from './roots.ts';
import {isSameId, type ItemId, type ParsedItem} from './update-reader.ts';

/** Refuses an own item if its known part, the clocks below `known`, is not what the document holds there. */
export function refuseFork(
  {entity, doc}: {entity: Entity; doc: Y.Doc},
  client: number,
  {item, known}: {item: ParsedItem; known: number},
): void {
  const end = Math.min(item.clock + item.length, known);
  const begin = itemAt(doc, {client, clock: item.clock});
  let isSame = begin === null || (standsAlike(begin, item) && isOfRoot({entity, doc}, begin, item.root));
  for (let clock = item.clock; isSame && clock < end;) {
    const held = itemAt(doc, {client, clock});
    // Only a collected item's length is unknown here, and nothing after it in the run can be told apart.
    if (held === null) return;
    const to = Math.min(end, held.id.clock + held.length);
    // What follows in a run stands right of what is before it: else the rest would be taken for another place's.
    isSame = clock === item.clock || isSameId(held.origin, {client, clock: clock - 1});
    if (isSame && !held.deleted) isSame = holds(held, item, {from: clock, to});
    clock = to;
  }
  if (isSame) return;
  throw new Refusal(
    'client_taken',
    'The client id was used for other writes: mint a new one and write again.',
  );
}

function itemAt(doc: Y.Doc, {client, clock}: ItemId): Y.Item | null {
  const struct = Y.getItem(doc.store, Y.createID(client, clock)) as Y.Item | Y.GC;
  return struct instanceof Y.Item ? struct : null;
}

/** Root: as the update names it; null where its neighbours tell. */
const isOfRoot = ({entity, doc}: {entity: Entity; doc: Y.Doc}, held: Y.Item, root: string | null): boolean =>
  root === null || rootOfItem(entity, doc, held)?.name === root;

/** What an element stands between, and so its place, never changes, however Yjs cuts and joins its neighbours. */
function standsAlike(held: Y.Item, item: ParsedItem): boolean {
  if (item.root !== null && item.mapKey !== held.parentSub) return false;
  const origin: ItemId | null =
    held.id.clock === item.clock ? held.origin : {client: held.id.client, clock: item.clock - 1};
  return isSameId(origin, item.origin) && isSameId(held.rightOrigin, item.rightOrigin);
}

function holds(held: Y.Item, item: ParsedItem, range: {from: number; to: number}): boolean {
  const {content} = item;
  if (content.kind === 'values') {
    if (!(held.content instanceof Y.ContentAny)) return false;
    const values = held.content.arr as JsonValue[];
    for (let clock = range.from; clock < range.to; clock++) {
      if (!isSameValue(values[clock - held.id.clock], content.values[clock - item.clock])) return false;
    }
    return true;
  }
  if (content.kind === 'deleted') return true;
  if (!(held.content instanceof Y.ContentString)) return false;
  return isSameText(
    held.content.str.slice(range.from - held.id.clock, range.to - held.id.clock),
    content.text.slice(range.from - item.clock, range.to - item.clock),
  );
}

const isSameValue = (held: JsonValue | undefined, sent: AnyValue | undefined): boolean =>
  sent === unstorable || (held !== undefined && sent !== undefined && isEqualJson(held, sent));

/** The replacement character stands on one side where the other had a surrogate pair that was torn apart since. */
function isSameText(held: string, sent: string): boolean {
  if (held === sent) return true;
  for (let index = 0; index < held.length; index++) {
    if (held[index] !== sent[index] && held[index] !== '\ufffd' && sent[index] !== '\ufffd') return false;
  }
  return true;
}
