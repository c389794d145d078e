// How a device edits: one transaction at a time, its bytes captured as it is made, and for each write the
// name of what the device showed just before. That name goes to the oracle; the server sees bytes only.
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
} from './arrival.ts';
import {openDocument, type Device, type ItemName, type Packet, type Redo} from './device.ts';
import type {KeySpec, Sample} from './vocabulary.ts';

/** Another generation: the server's document, and what was not acknowledged written again on top of it. */
export function adopt(
  device: Device,
  state: {bytes: Uint8Array; generation: number; seq: number},
  again: {clientId: number; nextAt: () => number},
): void {
  const pending = device.outbox;
  const {generation} = device;
  device.stale = device.sent.map((packet) => ({generation, packet}));
  device.doc = openDocument(device.gc, again.clientId);
  device.clients.add(again.clientId);
  device.generation = state.generation;
  device.cursor = state.seq;
  device.outbox = [];
  device.sent.length = 0;
  device.names.clear();
  Y.applyUpdate(device.doc, state.bytes, 'server');
  writeAgain(device, pending, again.nextAt);
}

/** What packets say, as new edits of the device's document. */
export function writeAgain(device: Device, packets: readonly Packet[], nextAt: () => number): void {
  for (const redo of packets.flatMap((packet) => packet.redo)) {
    edit(device, (session) => {
      if (redo.kind === 'set') session.set(redo.spec, redo.sample, nextAt());
      else if (redo.kind === 'remove') session.remove(redo.spec);
      else if (redo.kind === 'text') session.insertText(redo.field, redo.text, 0);
      else session.setDeleted(redo.deleted, nextAt(), 'cursor');
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
  const {cursor, cursorText = `c${cursor}`} = device;
  if (by === 'cursor') return {text: cursorText, upTo: {seq: cursor, items: false}};
  const vector = Buffer.from(Y.encodeStateVector(device.doc)).toString('base64');
  return {text: vector, upTo: {seq: cursor, items: true}};
}
