// Every attack of the catalogue over the ways into a real server: the live socket and a REST push, with real
// tokens and a real database. What attacks.test.ts holds in memory must hold there too.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import * as Y from 'yjs';
import {clients} from '#crdt/entities/clients.ts';
import {flattenDocument} from '#crdt/flatten.ts';
import {DEVICE_CLIENT_ID_MAX, SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive} from '#test/support/live-world.ts';
import {createWorld, type Person, type World} from '#test/support/world.ts';
import {attacks, type Attack, type AttackContext, type Expected} from './catalogue.ts';
import {openSender, type EdgeName, type Reply, type Sender} from './edges.ts';

const VICTIM = 200;
const ATTACKER = 300;

/** What an edge does not read at all, since it is larger than the edge takes. */
const tooBig: Readonly<Record<EdgeName, readonly string[]>> = {
  live: [
    'delete-splitting: 100,000 ranges',
    '1 MB of collected structs',
    '500,000 empty objects in one run',
    'a string of 50 MB',
  ],
  rest: ['1 MB of collected structs', '500,000 empty objects in one run', 'a string of 50 MB'],
};

/** Where a server that hands out client ids answers something else than the merge alone. */
const otherwise: Readonly<Record<string, {readonly why: string; readonly expected: Expected}>> = {
  'clock gap: 60 sections of made-up ids': {
    why: 'An id that nobody has becomes that of the first device that writes under it.',
    expected: {kind: 'need'},
  },
};

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Stored {
  readonly state: Uint8Array;
  readonly generation: number;
  /** Of the latest change, values or not. */
  readonly updatedAt: string;
  /** What the document reads. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the server has of the record, as its manager pulls it: the document, which the JSON must agree with. */
async function pullRecord(manager: Person, id: string): Promise<Stored> {
  const [yjs, json] = await Promise.all([
    manager.pull('limit=1000&encoding=yjs'),
    manager.pull('limit=1000'),
  ]);
  const find = ({changes}: typeof yjs) => changes.find(({entityId}) => entityId === id);
  const found = find(yjs);
  if (found === undefined) return {state: Uint8Array.of(0, 0), generation: 0, updatedAt: '', fields: {}};
  const {update, generation} = found.payload as {update: string; generation: number};
  const state = new Uint8Array(Buffer.from(update, 'base64'));
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  const {fields} = flattenDocument(clients, doc);
  const payload = find(json)?.payload;
  if (payload !== null) expect(payload).toMatchObject(fields);
  return {state, generation, updatedAt: found.updatedAt, fields};
}

interface Side {
  readonly clientId: number;
  sender: Sender;
  readonly reopen: () => Promise<Sender>;
}

interface Scene {
  readonly id: string;
  readonly manager: Person;
  readonly victim: Side;
  readonly attacker: Side;
}

/**
 * One honest edit by a stock document that has loaded what the server has. Where that was compacted meanwhile, the
 * device does what it is told: loads it again and edits again.
 */
async function edit(scene: Scene, side: Side, change: (doc: Y.Doc) => unknown): Promise<Reply> {
  const {manager, id} = scene;
  const doc = new Y.Doc();
  const {state, generation} = await pullRecord(manager, id);
  Y.applyUpdate(doc, state);
  doc.clientID = side.clientId;
  const before = Y.encodeStateVector(doc);
  doc.transact(() => change(doc));
  const reply = await side.sender.send({id, generation, bytes: Y.encodeStateAsUpdate(doc, before)});
  const isStale = reply.kind === 'rejected' && reply.code === 'reset_required';
  return isStale ? edit(scene, side, change) : reply;
}

const applied = {kind: 'done', status: 'applied', refused: []};

/** The victim has made the record; the attacker has written the end of its notes. */
async function openScene(edge: EdgeName, {role}: Attack): Promise<Scene> {
  const live = await startLive(world, {start: startWsTransport});
  const manager = await world.newManager();
  const sideOf = async (person: Person, clientId: number): Promise<Side> => {
    const reopen = (): Promise<Sender> => openSender(edge, {live, person, clientId});
    return {clientId, reopen, sender: await reopen()};
  };
  const other = role === 'manager' ? manager.onNewDevice() : await world.newMember(manager, 'employee');
  const victim = await sideOf(manager, VICTIM);
  const scene = {id: randomUUID(), manager, victim, attacker: await sideOf(other, ATTACKER)};
  const at = Date.now() - 60_000;
  const made = await edit(scene, scene.victim, (doc) => {
    const fields = doc.getMap('fields');
    fields.set('kind', [at, 'person']);
    fields.set('displayName', [at, 'Ada']);
    fields.set('phone', [at, '+41446681800']);
    doc.getMap('set:tags').set('vip', [at, true]);
    doc.getText('text:notes').insert(0, 'Rings twice. 😀 Knows the way.');
  });
  expect(made).toEqual(applied);
  if (role !== 'manager') await giveTask(manager, {to: other, clientId: scene.id});
  const added = await edit(scene, scene.attacker, (doc) => doc.getText('text:notes').insert(30, ' Ok'));
  expect(added).toEqual(applied);
  return scene;
}

/** An employee sees the clients of their tasks. */
async function giveTask(manager: Person, {to, clientId}: {to: Person; clientId: string}): Promise<void> {
  const {employeeId} = (await to.get<{member: {employeeId: string}}>('/v1/me')).body.member;
  const [made] = await manager.push([{entity: 'tasks', payload: {title: 'Boiler', clientId, employeeId}}]);
  expect(made).toMatchObject({status: 'applied'});
}

const contextOf = (state: Uint8Array): AttackContext => ({
  state,
  attacker: ATTACKER,
  attackerAlso: [DEVICE_CLIENT_ID_MAX],
  victim: VICTIM,
  server: SERVER_CLIENT_ID_MIN + 5,
  now: Date.now(),
});

function expectReply(reply: Reply, expected: Expected): void {
  switch (expected.kind) {
    case 'need':
      expect(reply).toEqual({kind: 'need'});
      return;
    case 'refused':
      expect(reply).toMatchObject({kind: 'rejected', refused: [], seq: null});
      expect(expected.codes).toContain(reply.kind === 'rejected' && reply.code);
      return;
    case 'field-refused': {
      const {field, code} = expected;
      expect(reply).toMatchObject({kind: 'rejected', code});
      expect(reply.kind === 'rejected' && reply.refused).toContainEqual({field, code});
      return;
    }
    default:
      expect(reply).toEqual({
        kind: 'done',
        status: expected.kind === 'unchanged' ? 'unchanged' : 'applied',
        refused: expected.kind === 'merged-in-part' ? [{field: expected.field, code: expected.code}] : [],
      });
  }
}

function expectStored(before: Stored, after: Stored, expected: Expected): void {
  if (expected.kind === 'merged') expect(after.fields).toMatchObject(expected.reads ?? {});
  else if (expected.kind === 'field-refused') expect(after.fields).toEqual(before.fields);
  else if (expected.kind !== 'merged-in-part') expect(after).toEqual(before);
}

/** Both go on as if nothing had been. */
async function expectNobodyBlocked(scene: Scene): Promise<void> {
  const victim = await edit(scene, scene.victim, (doc) => {
    doc.getMap('fields').set('displayName', [Date.now(), 'Ada Lovelace']);
    doc.getText('text:notes').insert(0, 'Call first. ');
  });
  expect(victim).toEqual(applied);
  const attacker = await edit(scene, scene.attacker, (doc) => {
    const notes = doc.getText('text:notes');
    notes.insert(notes.length, ' Sorry.');
  });
  expect(attacker).toEqual(applied);
  const {fields} = await pullRecord(scene.manager, scene.id);
  expect(fields['displayName']).toBe('Ada Lovelace');
  expect(fields['notes']).toMatch(/^Call first\. .* Sorry\.$/);
}

describe.each(['live', 'rest'] as const)('%s', (edge) => {
  const met: string[] = [];

  it.each(attacks)('$id $name', async (attack) => {
    const {name, build} = attack;
    const scene = await openScene(edge, attack);
    const before = await pullRecord(scene.manager, scene.id);
    const reply = await scene.attacker.sender.send({
      id: scene.id,
      generation: before.generation,
      bytes: build(contextOf(before.state)),
    });
    const after = await pullRecord(scene.manager, scene.id);
    if (reply.kind === 'too-big') {
      met.push(name);
      expect(after).toEqual(before);
      scene.attacker.sender = await scene.attacker.reopen();
    } else {
      const expected = otherwise[name]?.expected ?? attack.expected;
      expectReply(reply, expected);
      expectStored(before, after, expected);
    }
    expect(scene.victim.sender.isOpen()).toBe(true);
    expect(scene.attacker.sender.isOpen()).toBe(true);
    await expectNobodyBlocked(scene);
  });

  it('reads all of them but those that are larger than it takes', () => {
    expect(met.sort()).toEqual([...tooBig[edge]].sort());
  });
});

it('what is answered otherwise than in memory is in the catalogue', () => {
  expect(attacks.map(({name}) => name)).toEqual(expect.arrayContaining(Object.keys(otherwise)));
});
