// Honest devices and one that sends nonsense share a record: whatever is merged, the document, what is remembered
// of it, what was stored of it and the honest replicas all read the same. FUZZ_RUNS and
// FUZZ_SEED in the environment change how many and which.
import {expect, it} from 'vitest';
import * as Y from 'yjs';
import {randomFrom, type Random} from '#test/support/random.ts';
import {
  chars,
  craftUpdate,
  deleted,
  item,
  skip,
  values,
  type Content,
  type Id,
} from '#test/support/update-writer.ts';
import {declaredRoots, openArena, replicaOf, send, soundnessOf, type Arena, type Device} from './arena.ts';

/** A history costs a hundred times what a single update does. */
const RUNS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 30_000) / 100);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
const STEPS = 14;

const fields = ['displayName', 'phone', 'companyName', 'status', 'kind', 'unknown', 'deletedAt'];
const fieldValues: readonly unknown[] = [
  'Ada',
  '+41446681800',
  'lead',
  'person',
  null,
  5,
  {seen: ''},
  '  x ',
];

function editAtRandom(doc: Y.Doc, random: Random, now: number): void {
  const at = now + random.integer(5_000) - 2_500;
  const notes = doc.getText('text:notes');
  const index = random.integer(notes.length + 1);
  const register = random.pick(fields);
  switch (random.integer(6)) {
    case 0:
      notes.insert(index, random.pick(['a', 'bc', '😀']));
      break;
    case 1:
      notes.delete(index, Math.min(notes.length - index, 3));
      break;
    case 2:
      doc.getMap('set:tags').set(random.pick(['vip', 'b', 'c']), [at, random.pick([true, null])]);
      break;
    case 3:
      if (doc.getMap('fields').has(register)) doc.getMap('fields').delete(register);
      break;
    default:
      doc.getMap('fields').set(register, [at, random.pick(fieldValues)]);
  }
}

function contentAtRandom(random: Random, now: number): Content {
  const pair = (at: number): unknown => [at, random.pick(fieldValues)];
  return random.pick([
    chars('x😀'),
    deleted(2),
    values(pair(now)),
    values(pair(now), pair(now + 1)),
    values(NaN),
  ]);
}

/** Own items in impossible and possible places, and deletes of anything. */
function craftAtRandom({record, now}: Arena, {clientId}: Device, random: Random): Uint8Array {
  const stateOf = (client: number): number => Y.getState(record.doc.store, client);
  const anyId = (): Id => {
    const client = random.pick([200, clientId, record.doc.clientID]);
    return {client, clock: random.integer(stateOf(client) + 1)};
  };
  const structs = Array.from({length: 1 + random.integer(3)}, () => {
    if (random.chance(0.1)) return skip(1);
    const place = random.pick([
      {origin: anyId()},
      {origin: anyId(), rightOrigin: anyId()},
      {root: 'fields', key: random.pick(fields)},
      {root: 'text:notes'},
      {root: 'set:tags', key: 'vip'},
    ]);
    return item(place, contentAtRandom(random, now));
  });
  const {client, clock} = anyId();
  const deletes = random.chance(0.5) ? [{client, ranges: [[clock, 1 + random.integer(6)] as const]}] : [];
  return craftUpdate([{client: clientId, clock: stateOf(clientId), structs}], deletes);
}

const readOf = (doc: Y.Doc): unknown => [
  doc.getMap('fields').toJSON(),
  doc.getMap('set:tags').toJSON(),
  doc.getText('text:notes').toJSON(),
];

const pull = ({record}: Arena, doc: Y.Doc, {clientId}: Device): void => {
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(record.doc));
  doc.clientID = clientId;
};

function freshReplica(arena: Arena, device: Device, random: Random): Y.Doc {
  const doc = new Y.Doc({gc: random.chance(0.5)});
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(replicaOf(arena, device)));
  doc.clientID = device.clientId;
  return doc;
}

/** Sends, and holds all that came of it against each other. Answers whether the sender's replica is still sound. */
function sendAndCheck(arena: Arena, device: Device, bytes: Uint8Array): boolean {
  const before = Y.encodeStateAsUpdate(arena.record.doc);
  const verdict = send(arena, device, bytes);
  const {doc} = arena.record;
  if (verdict.kind !== 'done' || !verdict.changed) expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  if (verdict.kind === 'done' && verdict.delta !== null) {
    const follower = new Y.Doc();
    Y.applyUpdate(follower, before);
    Y.applyUpdate(follower, verdict.delta);
    expect(readOf(follower)).toEqual(readOf(doc));
  }
  const sound = soundnessOf(arena);
  expect(sound.pending).toBe(false);
  expect(sound.roots).toEqual(declaredRoots);
  expect(sound.shown).toEqual(sound.remembered);
  expect(sound.reloaded).toEqual(sound.remembered);
  return verdict.kind === 'done' && verdict.status !== 'rejected';
}

function runHistory(random: Random, sent: string[]): void {
  const arena = openArena(random.pick(['manager', 'employee'] as const));
  const replicas = new Map<Device, Y.Doc>();
  for (let step = 0; step < STEPS; step++) {
    const device = random.pick([arena.victim, arena.attacker]);
    const replica = replicas.get(device) ?? freshReplica(arena, device, random);
    replicas.set(device, replica);
    const isHonest = random.chance(0.7);
    if (random.chance(0.1)) pull(arena, replica, device);
    for (let edits = isHonest ? 1 + random.integer(3) : 0; edits > 0; edits--) {
      editAtRandom(replica, random, arena.now);
    }
    const bytes = isHonest
      ? Y.encodeStateAsUpdate(replica, Y.encodeStateVector(arena.record.doc))
      : craftAtRandom(arena, device, random);
    sent.push(`${device.clientId} ${Buffer.from(bytes).toString('hex')}`);
    if (sendAndCheck(arena, device, bytes) && isHonest) {
      pull(arena, replica, device);
      expect(readOf(replica)).toEqual(readOf(arena.record.doc));
    } else {
      replicas.delete(device);
    }
  }
}

it(`${RUNS} histories, seed ${SEED}`, {timeout: 60_000 + RUNS * 1_000}, () => {
  const random = randomFrom(SEED);
  for (let run = 0; run < RUNS; run++) {
    const sent: string[] = [];
    try {
      runHistory(random, sent);
    } catch (error) {
      throw new Error(`History ${run} of seed ${SEED}:\n${sent.join('\n')}`, {cause: error});
    }
  }
});
