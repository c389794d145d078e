// What a Yjs update says about a document without holding it: where the items stand that it builds on, and what it
// deletes. Noted while the document is there, so that written.ts can read the update when it is not.
import * as Y from 'yjs';
import type {UpdateChange} from './change.ts';
import type {RecordState} from './record.ts';
import {entryOf, keyOf, rootOfItem, rootsOf} from './roots.ts';
import type {ItemId, ParsedUpdate} from './update-reader.ts';
import {hasCarrier, type WriteId} from './write.ts';

/** A root of a document, and its entry; null in a text. */
export interface Place {
  readonly root: string;
  readonly entry: string | null;
}

/** Plain JSON: it is kept with the update. */
export interface Surroundings {
  /** Of items that the update names and does not hold. `write`: what the item showed, if that was the latest. */
  readonly places: readonly {readonly id: ItemId; readonly place: Place; readonly write: WriteId | null}[];
  /** The document had everything of this client before this clock: it is nothing new. */
  readonly known: readonly ItemId[];
  /** Keys of live values that the update deletes; it may write others there. */
  readonly deleted: readonly {readonly key: string; readonly write: WriteId | null}[];
  /** Text fields that the update deletes from. */
  readonly cut: readonly string[];
}

interface Looking {
  readonly places: Surroundings['places'][number][];
  readonly deleted: Map<string, WriteId | null>;
  readonly cut: Set<string>;
}

/** Of a document of another generation only what is remembered of its writes: their names. */
export function surroundingsOf(record: RecordState, change: UpdateChange): Surroundings {
  const looking: Looking = {places: [], deleted: new Map(), cut: new Set()};
  const isSame = change.generation === record.generation;
  if (isSame) lookAround(record, change.update, looking);
  else recall(record, change, looking);
  const known = change.update.sections.flatMap(({client}) => {
    const clock = isSame ? Y.getState(record.doc.store, client) : 0;
    return clock === 0 ? [] : [{client, clock}];
  });
  const deleted = [...looking.deleted].map(([key, write]) => ({key, write}));
  return {places: looking.places, known, deleted, cut: [...looking.cut]};
}

function lookAround({entity, doc, writes}: RecordState, update: ParsedUpdate, looking: Looking): void {
  const itemAt = ({client, clock}: ItemId): Y.Item | Y.GC | null =>
    clock < Y.getState(doc.store, client) ? Y.getItem(doc.store, Y.createID(client, clock)) : null;
  const writeAt = (key: string, id: ItemId): WriteId | null => {
    const write = writes.get(key);
    return write !== undefined && hasCarrier(write.carriers, id) ? write.id : null;
  };
  for (const id of neighboursOf(update)) {
    const item = itemAt(id);
    const root = item instanceof Y.Item ? rootOfItem(entity, doc, item) : null;
    if (root === null || !(item instanceof Y.Item)) continue;
    const {parentSub: entry} = item;
    const write = entry === null ? null : writeAt(keyOf(root, entry), id);
    looking.places.push({id, place: {root: root.name, entry}, write});
  }
  for (const {client, clock, length} of update.deletes) {
    let next = clock;
    for (let item = itemAt({client, clock: next}); item !== null && next < clock + length;) {
      const root = item instanceof Y.Item && !item.deleted ? rootOfItem(entity, doc, item) : null;
      if (root !== null && item instanceof Y.Item) {
        if (item.parentSub === null) looking.cut.add(root.field);
        else {
          const key = keyOf(root, item.parentSub);
          looking.deleted.set(key, writeAt(key, item.lastId));
        }
      }
      next = item.id.clock + item.length;
      item = itemAt({client, clock: next});
    }
  }
}

/** A write is named after its item for ever. */
function recall({entity, writes}: RecordState, {generation, update}: UpdateChange, looking: Looking): void {
  const remembered: {id: ItemId; key: string; write: WriteId}[] = [];
  for (const [key, {parts}] of writes) {
    for (const part of parts) {
      const [itemGeneration, client = NaN, clock = NaN] = part.id.split('.').map(Number);
      if (itemGeneration === generation) remembered.push({id: {client, clock}, key, write: part.id});
    }
  }
  const byName = new Map(remembered.map((one) => [nameOf(one.id), one]));
  for (const id of neighboursOf(update)) {
    const found = byName.get(nameOf(id));
    if (found === undefined) continue;
    const {root, entry} = entryOf(entity, found.key);
    looking.places.push({id, place: {root, entry}, write: found.write});
  }
  for (const {id, key, write} of remembered) {
    if (writes.get(key)?.value !== null && isDeletedBy(update, id)) looking.deleted.set(key, write);
  }
}

const nameOf = ({client, clock}: ItemId): string => `${client}.${clock}`;

export const isDeletedBy = ({deletes}: ParsedUpdate, {client, clock}: ItemId): boolean =>
  deletes.some((range) => range.client === client && isWithin(range, clock));

const isWithin = (run: {clock: number; length: number}, clock: number): boolean =>
  clock >= run.clock && clock < run.clock + run.length;

/** Items that the update's items stand beside, each once, but for those of the update itself. */
function neighboursOf({sections}: ParsedUpdate): ItemId[] {
  const found = new Map<string, ItemId>();
  const isHeld = ({client, clock}: ItemId): boolean =>
    sections
      .find((section) => section.client === client)
      ?.structs.some((struct) => struct.kind === 'item' && isWithin(struct, clock)) ?? false;
  for (const {structs} of sections) {
    for (const struct of structs) {
      if (struct.kind !== 'item') continue;
      for (const id of [struct.origin, struct.rightOrigin])
        if (id !== null && !isHeld(id)) found.set(nameOf(id), id);
    }
  }
  return [...found.values()];
}

/** The place a root name and an entry stand for; null where the entity has no such root. */
export const declaredPlace = (
  entity: RecordState['entity'],
  {root, entry}: Place,
): {readonly key: string; readonly isText: boolean; readonly field: string} | null => {
  const spec = rootsOf(entity).get(root);
  if (spec === undefined || (spec.kind === 'text') !== (entry === null)) return null;
  const key = entry === null ? spec.field : keyOf(spec, entry);
  return {key, isText: entry === null, field: spec.field};
};
