// Runs one random history: devices edit, lose their connection, restart, send twice and out of order; every
// arrival at the server is held against the oracle, and at the end every replica against every other.
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import {createDevice, integrate, readDocument, type Device, type Packet} from './device.ts';
import {createJsonDevice, pull, type JsonDevice} from './json-device.ts';
import {DELETED_AT} from './arrival.ts';
import {createOracle, shownName, valueOf} from './oracle.ts';
import type {Oracle} from './oracle-key.ts';
import type {ModelServer, Reply} from './server.ts';
import type {Vocabulary} from './vocabulary.ts';

export type AnyDevice = Device | JsonDevice;

export interface Tally {
  merges: number;
  conflicts: number;
  refused: number;
  redelivered: number;
  needs: number;
  resets: number;
}

/** A history under way. */
export interface History {
  readonly server: ModelServer;
  readonly vocabulary: Vocabulary;
  readonly oracle: Oracle;
  readonly devices: readonly AnyDevice[];
  /** Numbers from 0 (inclusive) to `below`, from the history's own seed. */
  readonly random: (below: number) => number;
  readonly rollAgain: (seed: number) => void;
  /** The same for how the record begins: apart, so that what comes after does not depend on it. */
  readonly atFirst: (below: number) => number;
  /** Server clock, ms. Never twice the same, and no device's stamp equals it. */
  readonly tick: () => number;
  /** A device's clock reading, never one that was used before. */
  readonly stamp: (device: AnyDevice) => number;
  readonly mintClient: () => number;
  /** Packets and JSON changes that reached the server before. */
  readonly arrived: Set<Packet>;
  readonly answers: Map<string, Reply>;
  readonly tally: Tally;
}

/** What is held against each other at the end. */
export interface Checkable extends Pick<History, 'vocabulary' | 'oracle'> {
  readonly server: Pick<ModelServer, 'fields' | 'isDeleted' | 'flattened' | 'whole'>;
  /** Those whose documents must be the server's. */
  readonly devices: readonly AnyDevice[];
}

export interface Cast {
  readonly vocabulary: Vocabulary;
  readonly seed: number;
  /** `plain` collects deleted content, `keeping` does not. */
  readonly devices: readonly {readonly kind: 'plain' | 'keeping' | 'json'; readonly employee: boolean}[];
}

const CLIENT_IDS = 2 ** 32;
const REPEATED_FRAMES = 4;
const START = Date.UTC(2026, 0, 1);

/** Mulberry32: small, seeded, good enough to choose operations. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / CLIENT_IDS) * below);
  };
}

export function createHistory(cast: Cast, server: ModelServer): History {
  const {vocabulary} = cast;
  let dice = createRandom(cast.seed);
  const random = (below: number): number => dice(below);
  const used = new Set<number>();
  let clock = START;
  const unused = (at: number): number => {
    let free = at;
    while (used.has(free)) free++;
    used.add(free);
    return free;
  };
  const identities = createRandom(cast.seed + 1);
  const taken = new Set<number>();
  const mintClient = (): number => {
    const id = 1 + identities(CLIENT_IDS - 1);
    if (taken.has(id)) return mintClient();
    taken.add(id);
    return id;
  };
  const devices = cast.devices.map(({kind, employee}, index) => {
    const settings = {id: `device-${index}`, employee, vocabulary};
    return kind === 'json'
      ? createJsonDevice(settings)
      : createDevice({...settings, gc: kind === 'plain'}, mintClient());
  });
  return {
    server,
    vocabulary,
    oracle: createOracle(vocabulary),
    devices,
    random,
    rollAgain: (seed) => {
      dice = createRandom(seed);
    },
    atFirst: createRandom(cast.seed + 2),
    tick: () => (clock = unused(clock + 1 + random(2_000))),
    stamp: (device) => unused(clock + device.skew),
    mintClient,
    arrived: new Set(),
    answers: new Map(),
    tally: {merges: 0, conflicts: 0, refused: 0, redelivered: 0, needs: 0, resets: 0},
  };
}

/** What the oracle expects the fields to be, texts and derived ones left out. */
function expectedFields({oracle, vocabulary}: Pick<History, 'oracle' | 'vocabulary'>): JsonObject {
  const fields: Record<string, JsonValue> = {};
  for (const {root, field, key, entry} of vocabulary.keys) {
    const value = valueOf(oracle, key);
    if (root === 'fields') {
      fields[field] = value;
    } else {
      const list = (fields[field] ?? []) as JsonValue[];
      fields[field] = list;
      if (value !== null) list.push(root.startsWith('set:') ? entry : {id: entry, ...(value as JsonObject)});
    }
  }
  return fields;
}

const ignoringOrder = (value: JsonValue | undefined): string =>
  Array.isArray(value)
    ? (value as JsonValue[])
        .map((part) => ignoringOrder(part))
        .sort()
        .join()
    : JSON.stringify(value, (_, part: JsonValue) =>
        part !== null && typeof part === 'object' && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
          : part,
      );

/** Fails if the server shows anything but what the oracle expects. */
export async function checkFields(history: Checkable): Promise<void> {
  const actual = await history.server.fields();
  for (const [field, value] of Object.entries(expectedFields(history))) {
    if (history.oracle.specs.get(field)?.samples.every((sample) => 'code' in sample) === true) continue;
    const found = actual[field];
    if (ignoringOrder(found) !== ignoringOrder(value)) {
      throw new Error(`${field} is ${JSON.stringify(found)}, expected ${JSON.stringify(value)}`);
    }
  }
  if ((await history.server.isDeleted()) !== (valueOf(history.oracle, DELETED_AT) !== null)) {
    throw new Error('the record is deleted where it should live, or the other way round');
  }
}

/** Brings a JSON device up to date. Only between groups: then the oracle holds what is committed. */
export async function receivePull(history: History, device: JsonDevice): Promise<void> {
  const {server, oracle} = history;
  const {seq} = await server.whole();
  pull(device, {seq, value: (key) => valueOf(oracle, key), name: (key) => shownName(oracle, key)});
}

/** Brings a device up to date by the feed. Answers false if its document is of an older generation. */
export async function receive(history: History, device: Device): Promise<boolean> {
  for (const {seq, generation, delta} of await history.server.feed(device.cursor)) {
    if (generation !== device.generation) return false;
    if (delta !== null) integrate(device, delta);
    device.cursor = seq;
  }
  return true;
}

/** The same frames once more, as after a broken connection. They must change nothing. */
export async function receiveAgain(history: History, device: Device): Promise<void> {
  const entries = await history.server.feed(Math.max(0, device.cursor - REPEATED_FRAMES));
  for (const {seq, generation, delta} of entries) {
    const isKnown = seq <= device.cursor && generation === device.generation;
    if (isKnown && delta !== null) integrate(device, delta);
  }
}

/** Brings a device up to date by the whole document, as after a long time away. */
export async function receiveWhole(history: History, device: Device): Promise<boolean> {
  const {bytes, seq, generation} = await history.server.whole();
  if (generation !== device.generation) return false;
  integrate(device, bytes);
  device.cursor = seq;
  return true;
}

/** Fails unless every replica, the document and what is remembered of it say the same. */
export async function checkReplicas(history: Checkable): Promise<void> {
  const {server, vocabulary} = history;
  await checkFields(history);
  const flattened = await server.flattened();
  const fields = await server.fields();
  if (ignoringOrder(flattened.fields) !== ignoringOrder(fields)) {
    throw new Error(`document ${JSON.stringify(flattened.fields)}, row ${JSON.stringify(fields)}`);
  }
  if (flattened.isDeleted !== (await server.isDeleted())) {
    throw new Error('document and row differ in whether the record is deleted');
  }
  const whole = await server.whole();
  const reference = createDevice({id: 'fresh', employee: false, vocabulary, gc: true}, 1);
  integrate(reference, whole.bytes);
  const expected = describe(reference, vocabulary);
  for (const device of history.devices) {
    if (device.kind === 'json') continue;
    const {store} = device.doc;
    if (store.pendingStructs !== null || store.pendingDs !== null) {
      throw new Error(`${device.id} waits for something it will never get`);
    }
    const found = describe(device, vocabulary);
    if (found !== expected) throw new Error(`${device.id} shows ${found}, the server ${expected}`);
  }
}

const describe = ({doc}: Device, vocabulary: Vocabulary): string => {
  const clocks = [...doc.store.clients.entries()].map(([client, structs]) => {
    const last = structs.at(-1);
    return [client, last === undefined ? 0 : last.id.clock + last.length] as const;
  });
  return `${ignoringOrder(readDocument(doc, vocabulary))} at ${JSON.stringify(clocks.sort(([a], [b]) => a - b))}`;
};
