// A device with a stock Yjs document: it edits, keeps what it wrote until that is acknowledged, restarts under
// a new client id, and for each write notes what it showed just before. That note goes to the oracle; the
// server under test sees bytes only.
import * as Y from 'yjs';
import type {JsonValue} from '#crdt/json.ts';
import {
  DELETED_AT,
  nameOf,
  type DeviceWrite,
  type EntryDelete,
  type SeenUpTo,
  type TextInsert,
  type WriteName,
} from './oracle.ts';
import type {KeySpec, Sample, Vocabulary} from './vocabulary.ts';

export type ItemName = string;

/** One transaction of the device: the bytes captured as it was made, and what they mean. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly writes: readonly DeviceWrite[];
  readonly entryDeletes: readonly (Omit<EntryDelete, 'live'> & {readonly item: ItemName})[];
  readonly texts: readonly TextInsert[];
  /** For writing it again into a document of another generation. */
  readonly redo: readonly Redo[];
}

type Redo =
  | {readonly kind: 'set'; readonly spec: KeySpec; readonly sample: Sample}
  | {readonly kind: 'remove'; readonly spec: KeySpec}
  | {readonly kind: 'deleted'; readonly deleted: boolean}
  | {readonly kind: 'text'; readonly field: string; readonly text: string};

export interface Device {
  readonly kind: 'yjs';
  readonly id: string;
  readonly employee: boolean;
  readonly vocabulary: Vocabulary;
  /** False: keeps deleted content and sends differences of its document instead of captured bytes. */
  readonly gc: boolean;
  doc: Y.Doc;
  generation: number;
  /** Every client id it ever used. */
  readonly clients: Set<number>;
  /** Device clock minus server clock, ms, and the offset it tells the server. */
  skew: number;
  offset: number;
  online: boolean;
  /** Feed position of everything its document holds. */
  cursor: number;
  outbox: Packet[];
  /** What it has sent, to send it again. */
  readonly sent: Packet[];
  readonly names: Map<ItemName, WriteName>;
}

export const createDevice = (
  settings: Pick<Device, 'id' | 'employee' | 'vocabulary' | 'gc'>,
  clientId: number,
): Device => ({
  kind: 'yjs',
  ...settings,
  doc: openDocument(settings.gc, clientId),
  generation: 0,
  clients: new Set([clientId]),
  skew: 0,
  offset: 0,
  online: true,
  cursor: 0,
  outbox: [],
  sent: [],
  names: new Map(),
});

function openDocument(gc: boolean, clientId: number): Y.Doc {
  const doc = new Y.Doc({gc, guid: ''});
  doc.clientID = clientId;
  return doc;
}

export const integrate = (device: Device, bytes: Uint8Array): void => {
  Y.applyUpdate(device.doc, bytes, 'server');
};

/** The app starts anew: the stored document and outbox, a fresh client id. */
export function restart(device: Device, clientId: number): void {
  const stored = Y.encodeStateAsUpdate(device.doc);
  device.doc = openDocument(device.gc, clientId);
  device.clients.add(clientId);
  Y.applyUpdate(device.doc, stored, 'store');
}

/** Another generation: the server's document, and what was not acknowledged written again on top of it. */
export function adopt(
  device: Device,
  state: {bytes: Uint8Array; generation: number; seq: number},
  again: {clientId: number; nextAt: () => number},
): void {
  const pending = device.outbox;
  device.doc = openDocument(device.gc, again.clientId);
  device.clients.add(again.clientId);
  device.generation = state.generation;
  device.cursor = state.seq;
  device.outbox = [];
  device.sent.length = 0;
  device.names.clear();
  Y.applyUpdate(device.doc, state.bytes, 'server');
  for (const redo of pending.flatMap((packet) => packet.redo)) {
    edit(device, (session) => {
      if (redo.kind === 'set') session.set(redo.spec, redo.sample, again.nextAt());
      else if (redo.kind === 'remove') session.remove(redo.spec);
      else if (redo.kind === 'text') session.insertText(redo.field, redo.text, 0);
      else session.setDeleted(redo.deleted, again.nextAt(), 'cursor');
    });
  }
}

const itemAt = (device: Device, root: string, entry: string): Y.Item | undefined =>
  device.doc.getMap(root)._map.get(entry);

const itemName = ({lastId}: Y.Item): ItemName => `${lastId.client}.${lastId.clock}`;

/** The write that a key shows, by the stamp it carries. */
function shown(device: Device, place: {key: string; root: string; entry: string}): WriteName | null {
  const item = itemAt(device, place.root, place.entry);
  if (item === undefined) return null;
  const id = itemName(item);
  if (item.deleted) return device.names.get(id) ?? `gone:${id}`;
  const [at] = item.content.getContent().at(-1) as [number, JsonValue];
  const name = nameOf(place.key, at);
  device.names.set(id, name);
  return name;
}

const deletedAtSpec = {key: DELETED_AT, root: 'fields', entry: DELETED_AT};

export const showsDeleted = (device: Device): boolean => {
  const pair = device.doc.getMap('fields').get(DELETED_AT) as [number, JsonValue] | undefined;
  return pair !== undefined && pair[1] !== null;
};

export const hasUnsent = (device: Device, key: string): boolean =>
  device.outbox.some(({writes}) => writes.some((write) => write.key === key));

/** Edits of one transaction. */
export interface Editing {
  set: (spec: KeySpec, sample: Sample, at: number) => void;
  remove: (spec: KeySpec) => void;
  setDeleted: (deleted: boolean, at: number, seen: 'cursor' | 'vector' | 'nothing') => void;
  insertText: (field: string, text: string, place: number) => void;
  deleteText: (field: string, place: number, length: number) => void;
}

/** Makes one transaction and puts it into the outbox, if it changed anything. */
export function edit(device: Device, make: (session: Editing) => void): void {
  const writes: DeviceWrite[] = [];
  const entryDeletes: (Omit<EntryDelete, 'live'> & {item: ItemName})[] = [];
  const texts: TextInsert[] = [];
  const redo: Redo[] = [];
  const {doc} = device;
  const capture: {bytes: Uint8Array | null} = {bytes: null};
  const listener = (update: Uint8Array): void => {
    capture.bytes = update;
  };
  const session: Editing = {
    set(spec, sample, at) {
      const before = shown(device, spec);
      doc.getMap(spec.root).set(spec.entry, [at, sample.raw]);
      writes.push({
        name: nameOf(spec.key, at),
        key: spec.key,
        at,
        value: 'normal' in sample ? sample.normal : sample.raw,
        code: 'code' in sample ? sample.code : null,
        shown: before,
        seen: null,
        onlyIfKnown: false,
        isListed: false,
      });
      redo.push({kind: 'set', spec, sample});
      shown(device, spec);
    },
    remove(spec) {
      const item = itemAt(device, spec.root, spec.entry);
      const before = shown(device, spec);
      if (item === undefined || item.deleted || before === null) return;
      entryDeletes.push({key: spec.key, shown: before, item: itemName(item)});
      redo.push({kind: 'remove', spec});
      doc.getMap(spec.root).delete(spec.entry);
    },
    setDeleted(deleted, at, seenBy) {
      const before = shown(device, deletedAtSpec);
      const seen = deleted ? seenUpTo(device, seenBy) : {text: null, upTo: null};
      doc.getMap('fields').set(DELETED_AT, [at, deleted ? {at, seen: seen.text} : null]);
      writes.push({
        name: nameOf(DELETED_AT, at),
        key: DELETED_AT,
        at,
        value: deleted ? 'deleted' : null,
        code: null,
        shown: before,
        seen: seen.upTo,
        onlyIfKnown: false,
        isListed: false,
      });
      redo.push({kind: 'deleted', deleted});
      shown(device, deletedAtSpec);
    },
    insertText(field, text, place) {
      const target = doc.getText(`text:${field}`);
      const state = `${doc.clientID}.${Y.getState(doc.store, doc.clientID)}`;
      target.insert(place % (target.length + 1), text);
      texts.push({name: `text:${field}:${state}`, field});
      redo.push({kind: 'text', field, text});
    },
    deleteText(field, place, length) {
      const target = doc.getText(`text:${field}`);
      if (target.length === 0) return;
      const from = place % target.length;
      target.delete(from, Math.min(length, target.length - from));
    },
  };
  doc.on('update', listener);
  doc.transact(() => make(session), 'user');
  doc.off('update', listener);
  if (capture.bytes !== null) device.outbox.push({bytes: capture.bytes, writes, entryDeletes, texts, redo});
}

function seenUpTo(
  device: Device,
  by: 'cursor' | 'vector' | 'nothing',
): {text: string | null; upTo: SeenUpTo | null} {
  if (by === 'nothing') return {text: null, upTo: null};
  if (by === 'cursor') return {text: `c${device.cursor}`, upTo: {seq: device.cursor, items: false}};
  const vector = Buffer.from(Y.encodeStateVector(device.doc)).toString('base64');
  return {text: vector, upTo: {seq: device.cursor, items: true}};
}

/** Several packets as one update: their bytes merged, or what the document has beyond the acknowledged. */
export function bundle(device: Device, packets: readonly Packet[]): Uint8Array {
  const isWhole = packets.length === device.outbox.length;
  if (!device.gc && isWhole && packets.every((packet, index) => packet === device.outbox[index])) {
    return Y.encodeStateAsUpdate(device.doc, encodeVector(acknowledged(device)));
  }
  const [only] = packets;
  return packets.length === 1 && only !== undefined
    ? only.bytes
    : Y.mergeUpdates(packets.map(({bytes}) => bytes));
}

/** What the server surely has: all of other clients' items, and own ones before the first in the outbox. */
function acknowledged(device: Device): Map<number, number> {
  const vector = new Map<number, number>();
  for (const client of device.doc.store.clients.keys()) {
    vector.set(client, Y.getState(device.doc.store, client));
  }
  for (const {bytes} of device.outbox) {
    for (const [client, clock] of Y.parseUpdateMeta(bytes).from) {
      vector.set(client, Math.min(clock, vector.get(client) ?? 0));
    }
  }
  return vector;
}

const encodeVector = (clocks: Map<number, number>): Uint8Array => Y.encodeStateVector(clocks as never);

/** How one reads a document: each root as JSON. */
export const readDocument = (doc: Y.Doc, vocabulary: Vocabulary): JsonValue => ({
  ...Object.fromEntries(
    [...new Set(['fields', ...vocabulary.keys.map(({root}) => root)])].map((root) => [
      root,
      doc.getMap(root).toJSON() as JsonValue,
    ]),
  ),
  ...Object.fromEntries(vocabulary.texts.map((field) => [field, doc.getText(`text:${field}`).toJSON()])),
});
