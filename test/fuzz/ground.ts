// Documents that updates are tried on, each with honest updates and attacks made for just this state of it.
import * as Y from 'yjs';
import {tasks} from '#crdt/entities/tasks.ts';
import {clients} from '#crdt/entities/clients.ts';
import type {Entity} from '#crdt/entities/entity.ts';
import {DEVICE_CLIENT_ID_MAX, SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {newDocument} from '#crdt/roots.ts';
import {contextOf, openArena} from '#test/attacks/arena.ts';
import {attacks} from '#test/attacks/catalogue.ts';
import type {Random} from '#test/support/random.ts';

/** What a server holds, who sends, and where an update may point. */
export interface Ground {
  readonly entity: Entity;
  readonly server: Y.Doc;
  /** Encoding of `server`. */
  readonly state: Uint8Array;
  /** Yjs client ids of the sender, of others, and of nobody. */
  readonly own: readonly number[];
  readonly others: readonly number[];
  readonly maps: readonly (readonly [string, readonly string[]])[];
  readonly texts: readonly string[];
  /** Updates to begin from. */
  readonly seeds: readonly Uint8Array[];
}

const SERVER = SERVER_CLIENT_ID_MIN + 1;
const OWN = [100, 101] as const;
const OTHERS = [50, 200, 4_000_000_000] as const;

const keys = ['title', 'status', 'dueAt', 'unknown'];
const members = ['one', 'two', 'three'];
const maps: Ground['maps'] = [
  ['fields', keys],
  ['items:checklist', members],
  ['items:timeEntries', members],
];
const texts = ['text:notes', 'text:description'];

function editAtRandom(doc: Y.Doc, random: Random): void {
  if (random.chance(0.5)) {
    const [root, entries] = random.pick(maps);
    const map = doc.getMap(root);
    const key = random.pick(entries);
    if (random.chance(0.08)) map.delete(key);
    else map.set(key, [random.integer(1e6), random.pick<unknown>([null, 'text', 5, {a: [1, true]}, '😀'])]);
    return;
  }
  const text = doc.getText(random.pick(texts));
  const index = random.integer(text.length + 1);
  if (text.length > 0 && random.chance(0.35)) text.delete(Math.min(index, text.length - 1), 1);
  else text.insert(index, random.pick(['a', 'bc', 'def', 'é', '😀']));
}

function stock(clientId: number, gc = true): Y.Doc {
  const doc = new Y.Doc({gc});
  doc.clientID = clientId;
  return doc;
}

/** Several devices edit a task and meet; the sender keeps its last edits to itself. `seeds`: its honest updates. */
export function makeHistory(random: Random): Ground {
  const server = newDocument(tasks, SERVER);
  const meet = (doc: Y.Doc): void => {
    Y.applyUpdate(server, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(server)));
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)));
  };
  const others = OTHERS.map((id) => stock(id));
  const gc = random.chance(0.5);
  const device = stock(OWN[0], gc);
  for (let round = 0; round < 12; round++) {
    const doc = random.pick([...others, device]);
    for (let edits = random.integer(4); edits >= 0; edits--) editAtRandom(doc, random);
    if (random.chance(0.3)) server.getMap('fields').set(random.pick(keys), [round, 'restated']);
    if (random.chance(0.7)) meet(doc);
  }
  const seeds = editUnsent(device, {random, gc, known: Y.encodeStateVector(server)});
  const state = Y.encodeStateAsUpdate(server);
  return {entity: tasks, server, state, own: OWN, others: [...OTHERS, SERVER, 999], maps, texts, seeds};
}

/** Edits that the server has not seen, as a device may send them: in one, whole, merged, and one by one. */
function editUnsent(
  begun: Y.Doc,
  {random, gc, known}: {random: Random; gc: boolean; known: Uint8Array},
): Uint8Array[] {
  let device = begun;
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
  const whole = Y.encodeStateAsUpdate(device);
  return [Y.encodeStateAsUpdate(device, known), whole, Y.mergeUpdates([...captured, whole]), ...captured];
}

let attacked: Ground | undefined;

/** A client record as the catalogue attacks it. `seeds`: its attacks, but for those of a megabyte. */
export function makeAttacked(): Ground {
  if (attacked !== undefined) return attacked;
  const arena = openArena('manager');
  const context = contextOf(arena);
  const heavy = /1 MB|50 MB|500,000|100,000/;
  attacked = {
    entity: clients,
    server: arena.record.doc,
    state: Y.encodeStateAsUpdate(arena.record.doc),
    own: [...arena.attacker.ownClients],
    others: [arena.victim.clientId, arena.record.doc.clientID, DEVICE_CLIENT_ID_MAX - 1, 999],
    maps: [
      ['fields', ['displayName', 'phone', 'email', 'deletedAt', 'unknown']],
      ['set:tags', ['vip', 'late', '__proto__']],
    ],
    texts: ['text:notes'],
    seeds: attacks.filter(({name}) => !heavy.test(name)).map(({build}) => build(context)),
  };
  return attacked;
}
