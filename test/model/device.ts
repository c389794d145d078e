// A device with a stock Yjs document: it keeps what it wrote until that is acknowledged, and restarts under a
// new client id.
import * as Y from 'yjs';
import type {JsonValue} from '#crdt/json.ts';
import type {DeviceWrite, EntryDelete, TextInsert, WriteName} from './arrival.ts';
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

export type Redo =
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
  /** The same as the server wrote it, where that is more than a number. */
  cursorText?: string;
  outbox: Packet[];
  /** What it has sent, to send it again. */
  readonly sent: Packet[];
  /** The same from before its document was last replaced by one of a newer generation. */
  stale: readonly {readonly generation: number; readonly packet: Packet}[];
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
  stale: [],
  names: new Map(),
});

export function openDocument(gc: boolean, clientId: number): Y.Doc {
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
