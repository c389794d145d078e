// What stands for a record's document that nobody has built: its encoded state, if it holds nothing but values of map
// entries. An edit that only puts values over others is made on the bytes; whoever asks for more gets the document built
// from them. So a record that was not in memory is decided from what is remembered of it.
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type {Entity} from './entities/entity.ts';
import type {JsonValue} from './json.ts';
import {
  areDeletedWith,
  encodeOverwrites,
  findLive,
  nextClock,
  overwriteEntry,
  readPlainState,
  type Overwrite,
  type PlainState,
} from './plain-state.ts';
import {newDocument} from './roots.ts';
import type {ItemId, ParsedRange} from './update-reader.ts';
import type {Write} from './write.ts';

export interface PlainDocument {
  /** Yjs V1. */
  bytes: Uint8Array;
  /** The server's own, for what it will write. */
  readonly clientId: number;
  /** Where the parts of `bytes` stand, from loading or editing it until the edit is done; else null. */
  read: PlainState | null;
  /** The edit under way: the item that each of its keys showed when it began, and what was put over them since. */
  edit: {readonly over: ReadonlyMap<string, ItemId>; readonly done: Overwrite[]} | null;
}

/** Null where only a document will do. */
export function plainDocument(bytes: Uint8Array, clientId: number): PlainDocument | null {
  const read = readPlainState(bytes);
  return read === null ? null : {bytes, clientId, read, edit: null};
}

export function openDocument(entity: Entity, bytes: Uint8Array, clientId: number): Y.Doc {
  // Own items that arrive from outside make Yjs mint another client id, one that may be a device's: load them
  // under no name, and take the name afterwards.
  const doc = newDocument(entity, 0);
  Y.applyUpdate(doc, bytes);
  doc.clientID = clientId;
  return doc;
}

function readAgain(plain: PlainDocument): PlainState {
  plain.read ??= readPlainState(plain.bytes);
  if (plain.read === null) throw new Error('A plain document became one that is not.');
  return plain.read;
}

/** The item that the server would write next. */
export const nextPlainItem = (plain: PlainDocument): ItemId => ({
  client: plain.clientId,
  clock: nextClock(readAgain(plain), plain.clientId),
});

/**
 * Runs an edit that may put a value over each of `keys`, once, and does nothing else to the document. Answers how others
 * follow it, null if it put none; or `unable`, having run nothing, where an entry does not show its current write.
 */
export function overwritePlainly(
  plain: PlainDocument,
  keys: ReadonlyMap<string, Write>,
  edit: () => void,
): Uint8Array | null | 'unable' {
  const over = new Map<string, ItemId>();
  for (const [key, {carriers}] of keys) {
    const id = findLive(readAgain(plain), carriers);
    if (id === null) return 'unable';
    over.set(key, id);
  }
  const done: Overwrite[] = [];
  plain.edit = {over, done};
  try {
    edit();
  } finally {
    plain.edit = null;
    plain.read = null;
  }
  return done.length === 0 ? null : encodeOverwrites(done);
}

/** Puts a value over what a key shows, inside of `overwritePlainly`. */
export function putPlainly(plain: PlainDocument, key: string, value: JsonValue): void {
  const over = plain.edit?.over.get(key);
  if (plain.edit === null || over === undefined) throw new Error('A plain document has no such edit.');
  const overwrite = {id: nextPlainItem(plain), over, value: encodeAny(value)};
  take(plain, overwrite);
  plain.edit.done.push(overwrite);
}

function take(plain: PlainDocument, overwrite: Overwrite): void {
  plain.bytes = overwriteEntry(readAgain(plain), overwrite);
  plain.read = null;
}

const encodeAny = (value: JsonValue): Uint8Array =>
  encoding.encode((encoder) => encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1]));

/** Whether all of these items are new, the next of their client, each over the live item of an entry. */
export function fitsPlainly(plain: PlainDocument, items: readonly Pick<Overwrite, 'id' | 'over'>[]): boolean {
  const state = readAgain(plain);
  const [first] = items;
  return (
    first !== undefined &&
    nextClock(state, first.id.client) === first.id.clock &&
    items.every(
      ({id, over}, index) => id.clock === first.id.clock + index && findLive(state, [over]) !== null,
    )
  );
}

/**
 * Whether what an update deletes is what its overwrites do, which fit, or is deleted already: a device that sends what it
 * wrote since it was last here names all that it knows to be deleted.
 */
export const areImplied = (
  plain: PlainDocument,
  overwrites: readonly Pick<Overwrite, 'over'>[],
  deletes: readonly ParsedRange[],
): boolean =>
  areDeletedWith(
    readAgain(plain),
    overwrites.map(({over}) => over),
    deletes,
  );

/** An overwrite whose value is not encoded yet. */
export interface Overwriting extends Pick<Overwrite, 'id' | 'over'> {
  readonly value: JsonValue;
}

/**
 * Takes in items of a device that fit, no two over one entry; answers how others follow it. Values are encoded anew, as Yjs
 * would pass them on: bytes of a stranger may say the same in other ways, or more than is read from them.
 */
export function integratePlainly(plain: PlainDocument, overwrites: readonly Overwriting[]): Uint8Array {
  const encoded = overwrites.map(({id, over, value}) => ({id, over, value: encodeAny(value)}));
  for (const overwrite of encoded) take(plain, overwrite);
  return encodeOverwrites(encoded);
}
