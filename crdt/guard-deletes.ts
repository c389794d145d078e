// What the delete ranges of an update really delete: known text, or a live map entry. What is overwritten
// already is dropped.
import * as Y from 'yjs';
import {
  Gap,
  Refusal,
  type AdmittedElement,
  type Admitted,
  type MapDelete,
  type TextDelete,
  type TextElement,
} from './admitted.ts';
import {byClient, firstEndingAfter} from './by-clock.ts';
import type {Entity} from './entities/entity.ts';
import {keyOf, rootOfItem} from './roots.ts';
import type {ParsedRange, ParsedUpdate} from './update-reader.ts';

/**
 * Sorts the deleted ranges by what they touch. Deletes of map entries that the document has overwritten are
 * dropped; whether this update's own items overwrite one, only their integration shows.
 */
export function classifyDeletes(
  {entity, doc}: {entity: Entity; doc: Y.Doc},
  update: ParsedUpdate,
  {elements, ownClients}: {elements: readonly AdmittedElement[]; ownClients: ReadonlySet<number>},
): Pick<Admitted, 'textDeletes' | 'mapDeletes' | 'deletedNew'> {
  const textDeletes: TextDelete[] = [];
  const mapDeletes: MapDelete[] = [];
  const deletedNew: ParsedRange[] = [];
  if (update.deletes.length === 0) return {textDeletes, mapDeletes, deletedNew};
  const added = indexAdded(elements);
  for (const range of update.deletes) {
    const known = Y.getState(doc.store, range.client);
    const end = range.clock + range.length;
    if (end > Math.max(known, added.ends.get(range.client) ?? 0)) {
      if (ownClients.has(range.client)) throw new Gap();
      throw new Refusal('update_bad_delete', 'The update deletes items that do not exist yet.');
    }
    for (const item of liveItems(doc, range.client, {from: range.clock, to: Math.min(end, known)})) {
      const root = rootOfItem(entity, doc, item);
      if (root === null)
        throw new Refusal('update_bad_delete', 'The update deletes outside the declared roots.');
      if (item.parentSub === null) {
        const clock = Math.max(item.id.clock, range.clock);
        const length = Math.min(item.id.clock + item.length, end) - clock;
        textDeletes.push({root, client: range.client, clock, length});
      } else {
        const id = {client: range.client, clock: item.id.clock + item.length - 1};
        mapDeletes.push({key: keyOf(root, item.parentSub), root, entry: item.parentSub, id});
      }
    }
    if (end > known) {
      const from = Math.max(range.clock, known);
      deletedNew.push({client: range.client, clock: from, length: end - from});
      addDeletesOfNewText(textDeletes, added.texts.get(range.client) ?? [], {from, to: end});
    }
  }
  return {textDeletes, mapDeletes, deletedNew};
}

interface Added {
  /** One past the last new clock, by client. */
  readonly ends: ReadonlyMap<number, number>;
  /** New text by client, in clock order. */
  readonly texts: ReadonlyMap<number, readonly TextElement[]>;
}

function indexAdded(elements: readonly AdmittedElement[]): Added {
  const ends = new Map<number, number>();
  for (const {client, clock, length} of elements) ends.set(client, clock + length);
  return {ends, texts: byClient(elements.filter((element) => element.kind === 'text'))};
}

function addDeletesOfNewText(
  deletes: TextDelete[],
  texts: readonly TextElement[],
  range: {from: number; to: number},
): void {
  for (let index = firstEndingAfter(texts, range.from); index < texts.length; index++) {
    const element = texts[index];
    if (element === undefined || element.clock >= range.to) return;
    const clock = Math.max(element.clock, range.from);
    const length = Math.min(element.clock + element.length, range.to) - clock;
    deletes.push({root: element.root, client: element.client, clock, length});
  }
}

function* liveItems(doc: Y.Doc, client: number, range: {from: number; to: number}): Generator<Y.Item> {
  const structs = doc.store.clients.get(client);
  if (structs === undefined || range.from >= range.to) return;
  for (let index = Y.findIndexSS(structs, range.from); index < structs.length; index++) {
    const struct = structs[index];
    if (struct === undefined || struct.id.clock >= range.to) return;
    if (struct instanceof Y.Item && !struct.deleted) yield struct;
  }
}
