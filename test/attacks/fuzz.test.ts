// What the guard admits, Yjs integrates without surprise; what it refuses, touches nothing. Bytes come from
// honest updates, damaged, and from a generator that builds nearly honest ones struct by struct.
// FUZZ_RUNS and FUZZ_SEED in the environment change how many and which.
import {expect, it} from 'vitest';
import * as Y from 'yjs';
import type {Admitted} from '#crdt/admitted.ts';
import {unstorable} from '#crdt/any-reader.ts';
import {tasks} from '#crdt/entities/tasks.ts';
import {guard} from '#crdt/guard.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {newDocument, rootsOf} from '#crdt/roots.ts';
import {parseUpdate, type ParsedUpdate} from '#crdt/update-reader.ts';
import {writeUpdate} from '#crdt/update-writer.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import {
  chars,
  collected,
  craftUpdate,
  deleted,
  item,
  nested,
  skip,
  values,
  type Content,
  type Id,
  type Place,
  type Section,
  type Struct,
} from '#test/support/update-writer.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 30_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
/** Inputs tried on one history before the next is made. */
const RUNS_PER_HISTORY = 200;

const SERVER = SERVER_CLIENT_ID_MIN + 1;
const OWN = [100, 101] as const;
const OTHERS = [50, 200, 4_000_000_000] as const;
const own: ReadonlySet<number> = new Set(OWN);

const keys = ['title', 'status', 'dueAt', 'unknown'];
const members = ['one', 'two', 'three'];
const places: readonly (readonly [string, readonly string[]])[] = [
  ['fields', keys],
  ['items:checklist', members],
  ['items:timeEntries', members],
];
const texts = ['text:notes', 'text:description'];

/** What a server holds, and updates of one device that are honest continuations of it. */
interface History {
  readonly server: Y.Doc;
  readonly state: Uint8Array;
  readonly honest: readonly Uint8Array[];
}

function editAtRandom(doc: Y.Doc, random: Random): void {
  if (random.chance(0.5)) {
    const [root, entries] = random.pick(places);
    const map = doc.getMap(root);
    const key = random.pick(entries);
    if (random.chance(0.08)) map.delete(key);
    else map.set(key, [random.integer(1e6), random.pick<unknown>([null, 'text', 5, {a: [1, true]}, '😀'])]);
    return;
  }
  const text = doc.getText(random.pick(texts));
  const index = random.integer(text.length + 1);
  if (text.length > 0 && random.chance(0.35)) {
    text.delete(Math.min(index, text.length - 1), 1);
  } else {
    text.insert(index, random.pick(['a', 'bc', 'def', 'é', '😀']));
  }
}

/** Several devices edit and meet; the device under test keeps its last edits to itself. */
function makeHistory(random: Random): History {
  const server = newDocument(tasks, SERVER);
  const meet = (doc: Y.Doc): void => {
    Y.applyUpdate(server, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(server)));
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)));
  };
  const stock = (clientId: number, gc = true): Y.Doc => {
    const doc = new Y.Doc({gc});
    doc.clientID = clientId;
    return doc;
  };
  const others = OTHERS.map((id) => stock(id));
  const gc = random.chance(0.5);
  let device = stock(OWN[0], gc);
  for (let round = 0; round < 12; round++) {
    const doc = random.pick([...others, device]);
    for (let edits = random.integer(4); edits >= 0; edits--) editAtRandom(doc, random);
    if (random.chance(0.3)) server.getMap('fields').set(random.pick(keys), [round, 'restated']);
    if (random.chance(0.7)) meet(doc);
  }
  const before = Y.encodeStateVector(server);
  const captured: Uint8Array[] = [];
  const record = (update: Uint8Array): void => void captured.push(update);
  device.on('update', record);
  for (let edits = 0; edits < 5; edits++) {
    editAtRandom(device, random);
    if (edits !== 2 || random.chance(0.5)) continue;
    // Restarted under a new client id, with what it had not sent.
    const next = stock(OWN[1], gc);
    Y.applyUpdate(next, Y.encodeStateAsUpdate(device));
    device.off('update', record);
    device = next;
    device.on('update', record);
  }
  const state = Y.encodeStateAsUpdate(server);
  const whole = Y.encodeStateAsUpdate(device);
  return {
    server,
    state,
    honest: [Y.encodeStateAsUpdate(device, before), whole, Y.mergeUpdates([...captured, whole]), ...captured],
  };
}

const interesting = [0, 1, 2, 0x0a, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xa8, 0xc4, 0xff];

/** One kind of damage to honest bytes. */
function damage(bytes: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  const list = [...bytes];
  const at = random.integer(list.length + 1);
  const length = 1 + random.integer(8);
  switch (random.integer(9)) {
    case 0:
      list[at % list.length] = (list[at % list.length] ?? 0) ^ (1 << random.integer(8));
      break;
    case 1:
      list[at % list.length] = random.pick(interesting);
      break;
    case 2: // off by one: counts, clocks, lengths
      list[at % list.length] = ((list[at % list.length] ?? 0) + random.pick([1, 255])) & 0xff;
      break;
    case 3:
      list.splice(at, length);
      break;
    case 4:
      list.splice(at, 0, ...Array.from({length}, () => random.pick(interesting)));
      break;
    case 5: // a stretch twice
      list.splice(at, 0, ...list.slice(at, at + 4 * length));
      break;
    case 6: {
      const from = random.integer(donor.length);
      list.splice(at, random.integer(8), ...donor.subarray(from, from + 4 * length));
      break;
    }
    case 7:
      list.length = at;
      break;
    default: {
      const from = random.integer(list.length);
      const moved = list.splice(from, length);
      list.splice(random.integer(list.length + 1), 0, ...moved);
    }
  }
  return Uint8Array.from(list);
}

const anyClient = (random: Random): number =>
  random.chance(0.6) ? random.pick(OWN) : random.pick([...OTHERS, SERVER, 999]);

function anyId(server: Y.Doc, random: Random): Id {
  const client = anyClient(random);
  const known = Y.getState(server.store, client);
  return {
    client,
    clock: Math.max(0, random.chance(0.8) ? random.integer(known + 3) : known + random.integer(3)),
  };
}

function anyPlace(server: Y.Doc, random: Random): Place {
  const kind = random.integer(10);
  if (kind < 3) return {origin: anyId(server, random)};
  if (kind < 4) return {rightOrigin: anyId(server, random)};
  if (kind < 6) return {origin: anyId(server, random), rightOrigin: anyId(server, random)};
  if (kind < 7) return {root: random.pick(texts)};
  const [root, entries] = random.pick(places);
  return random.chance(0.97) ? {root, key: random.pick(entries)} : {root: 'evil', key: 'a'};
}

function anyContent(random: Random): Content {
  switch (random.integer(8)) {
    case 0:
      return deleted(1 + random.integer(3));
    case 1:
    case 2:
    case 3:
      return chars(random.pick(['x', 'yz', '😀', 'a😀b']));
    case 4:
      return random.chance(0.9) ? values([1, NaN]) : nested(random.integer(5));
    default:
      return values(...Array.from({length: 1 + random.integer(3)}, (_, at) => [at, 'v']));
  }
}

function anyStruct(server: Y.Doc, random: Random): Struct {
  if (random.chance(0.05)) return random.chance(0.7) ? skip(1 + random.integer(4)) : collected(1);
  return item(anyPlace(server, random), anyContent(random));
}

/** An update built struct by struct out of ids that exist, or nearly. */
function generate(server: Y.Doc, random: Random): Uint8Array {
  const clients = new Set(Array.from({length: random.pick([0, 1, 1, 2])}, () => anyClient(random)));
  const sections: Section[] = [...clients].map((client) => ({
    client,
    clock: Math.max(0, Y.getState(server.store, client) + random.pick([0, 0, 0, 0, -1, -2, 1])),
    structs: Array.from({length: 1 + random.integer(4)}, () => anyStruct(server, random)),
  }));
  const deletes = Array.from({length: random.pick([0, 0, 0, 1, 2])}, () => {
    const {client, clock} = anyId(server, random);
    return {client, ranges: [[clock, 1 + random.integer(4)] as const]};
  });
  return craftUpdate(sections, deletes);
}

function load(state: Uint8Array): Y.Doc {
  // Not the id that the state holds items of: Yjs would take it for a clash.
  const doc = newDocument(tasks, SERVER + 1);
  Y.applyUpdate(doc, state);
  return doc;
}

const rootNames = [...rootsOf(tasks).keys()].sort();

const readOf = (doc: Y.Doc): unknown =>
  [...rootsOf(tasks).values()].map(({name, kind}) =>
    kind === 'text' ? doc.getText(name).toJSON() : doc.getMap(name).toJSON(),
  );

const isPending = ({store}: Y.Doc): boolean => store.pendingStructs !== null || store.pendingDs !== null;

const statesBut = (doc: Y.Doc, clients: ReadonlySet<number>): [number, number][] =>
  [...doc.store.clients.keys()]
    .filter((client) => !clients.has(client))
    .sort((a, b) => a - b)
    .map((client) => [client, Y.getState(doc.store, client)]);

/** What the server would let Yjs integrate: values that cannot be stored are consumed. */
const rewritten = (admitted: Admitted): Uint8Array =>
  writeUpdate(admitted.bytes, admitted, (element) => element.kind === 'map' && element.value === unstorable);

function expectCleanIntegration(state: Uint8Array, admitted: Admitted): Y.Doc {
  const doc = load(state);
  const others = statesBut(doc, own);
  Y.applyUpdate(doc, rewritten(admitted));
  expect(isPending(doc)).toBe(false);
  expect(statesBut(doc, own)).toEqual(others);
  expect([...doc.share.keys()].sort()).toEqual(rootNames);
  for (const {client, clock, length} of admitted.elements) {
    expect(Y.getState(doc.store, client)).toBeGreaterThanOrEqual(clock + length);
  }
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (!(struct instanceof Y.Item)) throw new Error('A collected struct came in.');
      const isPlain = [Y.ContentAny, Y.ContentString, Y.ContentDeleted].some(
        (kind) => struct.content instanceof kind,
      );
      expect(isPlain).toBe(true);
    }
  }
  const encoded = Y.encodeStateAsUpdate(doc);
  const reloaded = load(encoded);
  expect(isPending(reloaded)).toBe(false);
  expect(readOf(reloaded)).toEqual(readOf(doc));
  return doc;
}

/** The bytes as they came say the same to Yjs as what the guard made of them. */
function expectSameReading(state: Uint8Array, bytes: Uint8Array, admitted: Admitted, taken: Y.Doc): boolean {
  const isRewritten =
    admitted.mapDeletes.length > 0 ||
    admitted.deletedNew.length > 0 ||
    admitted.elements.some((element) => element.kind === 'map' && element.value === unstorable);
  if (isRewritten) return false;
  const raw = load(state);
  try {
    Y.applyUpdate(raw, bytes);
  } catch {
    // Nonsense among what is known already, which the guard leaves out.
    return false;
  }
  if (isPending(raw)) return false;
  expect(readOf(raw)).toEqual(readOf(taken));
  expect(Y.encodeStateVector(raw)).toEqual(Y.encodeStateVector(taken));
  return true;
}

interface Tally {
  unparsed: number;
  refused: number;
  need: number;
  admitted: number;
  adding: number;
  compared: number;
  slowestUs: number;
}

function tryOne(history: History, bytes: Uint8Array, tally: Tally): void {
  const start = performance.now();
  const parsed = parseUpdate(bytes);
  const result = parsed.ok
    ? guard({entity: tasks, doc: history.server}, parsed.update, own)
    : ({kind: 'unparsed'} as const);
  tally.slowestUs = Math.max(tally.slowestUs, (performance.now() - start) * 1_000);
  tally[result.kind]++;
  if (result.kind !== 'admitted') return;
  const {admitted} = result;
  const taken = expectCleanIntegration(history.state, admitted);
  if (admitted.elements.length > 0) tally.adding++;
  if (expectSameReading(history.state, bytes, admitted, taken)) tally.compared++;
}

// I28 of docs/reliability.md.
it(`${RUNS} damaged and generated updates, seed ${SEED}`, {timeout: 60_000 + RUNS * 10}, () => {
  const random = randomFrom(SEED);
  const tally = {unparsed: 0, refused: 0, need: 0, admitted: 0, adding: 0, compared: 0, slowestUs: 0};
  let history = makeHistory(random);
  for (let run = 0; run < RUNS; run++) {
    if (run % RUNS_PER_HISTORY === 0) {
      expect(Y.encodeStateAsUpdate(history.server), `untouched before run ${run}`).toEqual(history.state);
      history = makeHistory(random);
    }
    let bytes = random.chance(0.4) ? generate(history.server, random) : random.pick(history.honest);
    for (let times = random.integer(3); times > 0; times--) {
      bytes = damage(bytes, random.pick(history.honest), random);
    }
    try {
      tryOne(history, bytes, tally);
    } catch (error) {
      throw new Error(`Run ${run} of seed ${SEED}: ${Buffer.from(bytes).toString('hex')}`, {cause: error});
    }
  }
  expect(Y.encodeStateAsUpdate(history.server)).toEqual(history.state);
  console.log(
    `fuzz seed ${SEED}: ${JSON.stringify({runs: RUNS, ...tally, slowestUs: Math.round(tally.slowestUs)})}`,
  );
  expect(tally.adding).toBeGreaterThan(RUNS / 50);
  expect(tally.compared).toBeGreaterThan(RUNS / 100);
});

// I28 of docs/reliability.md.
it('honest histories are admitted, all of them', () => {
  const random = randomFrom(SEED + 1);
  const parsed = (bytes: Uint8Array): ParsedUpdate => {
    const result = parseUpdate(bytes);
    if (!result.ok) throw new Error(result.message);
    return result.update;
  };
  let added = 0;
  const histories = Math.max(300, Math.floor(RUNS / 100));
  for (let count = 0; count < histories; count++) {
    const {server, state, honest} = makeHistory(random);
    for (const bytes of honest.slice(0, 3)) {
      const result = guard({entity: tasks, doc: server}, parsed(bytes), own);
      if (result.kind !== 'admitted') {
        throw new Error(`History ${count} of seed ${SEED + 1}: ${JSON.stringify(result)}`);
      }
      expectCleanIntegration(state, result.admitted);
      added += result.admitted.elements.length;
    }
  }
  expect(added).toBeGreaterThan(histories);
});
