// Whether what the guard admitted is what it promises: Yjs takes it without surprise, it touches nothing that it may
// not, and the bytes as they came would have said the same.
import {isDeepStrictEqual} from 'node:util';
import * as Y from 'yjs';
import type {Admitted} from '#crdt/admitted.ts';
import {unstorable} from '#crdt/any-reader.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {newDocument, rootsOf} from '#crdt/roots.ts';
import {isSameId, type ParsedUpdate} from '#crdt/update-reader.ts';
import {writeUpdate} from '#crdt/update-writer.ts';
import type {Ground} from './ground.ts';
import {demand} from './target.ts';

/** Not an id that a state holds items of: Yjs would take it for a clash. */
const READER = SERVER_CLIENT_ID_MIN + 1_000;

const isUnstorable = (element: Admitted['elements'][number]): boolean =>
  element.kind === 'map' && element.value === unstorable;

/** Throws if what was admitted of an update breaks a promise. */
export function demandCleanIntegration(ground: Ground, update: ParsedUpdate, admitted: Admitted): void {
  const doc = load(ground, ground.state);
  const before = statesOfOthers(ground, doc);
  Y.applyUpdate(doc, writeUpdate(admitted.bytes, admitted, isUnstorable));
  demand(!isPending(doc), 'something is left pending');
  demand(isDeepStrictEqual(statesOfOthers(ground, doc), before), "another device's clock moved");
  demand(isDeepStrictEqual([...doc.share.keys()].sort(), rootNames(ground)), 'a root was added');
  for (const {client, clock, length} of admitted.elements) {
    demand(Y.getState(doc.store, client) >= clock + length, 'an admitted element is not there');
  }
  for (const {client, structs} of update.sections) {
    const last = structs.findLast(({kind}) => kind === 'item');
    const end = last === undefined ? 0 : last.clock + last.length;
    demand(Y.getState(doc.store, client) >= end, 'a part of what was admitted is lost');
  }
  for (const structs of doc.store.clients.values()) structs.forEach(demandPlain);
  const reloaded = load(ground, Y.encodeStateAsUpdate(doc));
  demand(!isPending(reloaded), 'something is pending after it was stored and loaded');
  const read = readOf(ground, doc);
  demand(
    isDeepStrictEqual(readOf(ground, reloaded), read),
    'it reads otherwise after it was stored and loaded',
  );
  const raw = isTruthful(ground.server, update) ? loadRaw(ground, admitted) : null;
  if (raw === null) return;
  demand(isDeepStrictEqual(readOf(ground, raw), read), 'the bytes as they came read otherwise');
  demand(
    isDeepStrictEqual(Y.encodeStateVector(raw), Y.encodeStateVector(doc)),
    'the bytes as they came leave other clocks',
  );
}

/**
 * Whether it tells what is known already as it is, and names no half of a character. The guard leaves out what is known;
 * Yjs looks for the neighbours that it names, and cuts text there, be it in the middle of a character.
 */
const isTruthful = ({store}: Y.Doc, {sections}: ParsedUpdate): boolean =>
  sections.every(({client, structs}) =>
    structs.every((struct) => {
      if (struct.kind === 'skip' || struct.clock >= Y.getState(store, client)) return true;
      const held = Y.getItem(store, Y.createID(client, struct.clock));
      const isBegin = held.id.clock === struct.clock;
      const origin = isBegin ? held.origin : Y.createID(client, struct.clock - 1);
      if (!isBegin && isTorn(held, struct.clock)) return false;
      return isSameId(origin, struct.origin) && isSameId(held.rightOrigin, struct.rightOrigin);
    }),
  );

/** Whether a cut before `clock` parts a surrogate pair. */
function isTorn({id, content}: Y.Item, clock: number): boolean {
  if (!(content instanceof Y.ContentString)) return false;
  const before = content.str.charCodeAt(clock - id.clock - 1);
  return before >= 0xd800 && before <= 0xdbff;
}

function demandPlain(struct: Y.Item | Y.GC): void {
  demand(struct instanceof Y.Item, 'a collected struct came in');
  const isPlain = [Y.ContentAny, Y.ContentString, Y.ContentDeleted].some(
    (kind) => struct instanceof Y.Item && struct.content instanceof kind,
  );
  demand(isPlain, 'content came in that no record holds');
}

/** The document with the bytes as they came; null where the guard does not take them literally, or Yjs not at all. */
function loadRaw(ground: Ground, admitted: Admitted): Y.Doc | null {
  const isRewritten =
    admitted.mapDeletes.length > 0 || admitted.deletedNew.length > 0 || admitted.elements.some(isUnstorable);
  if (isRewritten) return null;
  const raw = load(ground, ground.state);
  try {
    Y.applyUpdate(raw, admitted.bytes);
  } catch {
    // Nonsense among what is known already, which the guard leaves out.
    return null;
  }
  return isPending(raw) ? null : raw;
}

function load({entity}: Ground, state: Uint8Array): Y.Doc {
  const doc = newDocument(entity, READER);
  Y.applyUpdate(doc, state);
  return doc;
}

const rootNames = ({entity}: Ground): string[] => [...rootsOf(entity).keys()].sort();

const readOf = ({entity}: Ground, doc: Y.Doc): unknown =>
  [...rootsOf(entity).values()].map(({name, kind}) =>
    kind === 'text' ? doc.getText(name).toJSON() : doc.getMap(name).toJSON(),
  );

const isPending = ({store}: Y.Doc): boolean => store.pendingStructs !== null || store.pendingDs !== null;

const statesOfOthers = ({own}: Ground, doc: Y.Doc): ReadonlyMap<number, number> =>
  new Map(
    [...doc.store.clients.keys()]
      .filter((client) => !own.includes(client))
      .map((client) => [client, Y.getState(doc.store, client)]),
  );
