import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {ana, ben, RECORD_ID} from '#test/support/one-record.ts';
import {randomFrom, type Random} from '#test/support/random.ts';
import {applyChange} from './apply-change.ts';
import type {Actor, Base, Change} from './change.ts';
import {tasks} from './entities/tasks.ts';
import type {JsonObject} from './json.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {decodeRecord, encodeRecord} from './record-codec.ts';
import {emptyRecord, fieldsOf, type RecordState} from './record.ts';
import {parseUpdate} from './update-reader.ts';

const PHONE = 77;

function somePayload(random: Random): JsonObject {
  const all: JsonObject = {
    title: `Title ${random.integer(4)}`,
    status: random.pick(['draft', 'scheduled', 'in_progress', 'completed', 'cancelled']),
    priority: random.chance(0.2) ? null : random.pick(['low', 'high', 'urgent']),
    priceMinor: random.integer(5),
    address: random.chance(0.3) ? null : {line1: 'Line', city: 'Town', postalCode: '1', country: 'DE'},
    ...(random.chance(0.05) ? {notes: {append: 'More.'}} : {}),
  };
  const names = Object.keys(all).filter(() => random.chance(0.4));
  return Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
}

const someBase = (random: Random, seq: number): Base =>
  random.chance(0.3) ? {kind: 'current'} : {kind: 'cursor', seq: random.integer(seq + 1)};

function jsonChange(random: Random, seq: number): Change {
  return {
    kind: 'json',
    op: random.chance(0.03) ? 'delete' : 'upsert',
    entity: 'tasks',
    id: RECORD_ID,
    changeId: `change ${seq}`,
    at: 1_000 * seq - random.integer(20_000),
    base: someBase(random, seq),
    payload: seq === 1 ? {title: 'First', status: 'draft', priceMinor: 1} : somePayload(random),
  };
}

/** A phone that has the whole document, or an old one, writes one field. */
function yjsChange(random: Random, phone: Y.Doc, {record, seq}: {record: RecordState; seq: number}): Change {
  if (random.chance(0.6)) Y.applyUpdate(phone, encodeRecord(record, seq).state);
  const before = Y.encodeStateVector(phone);
  let bytes: Uint8Array = new Uint8Array();
  phone.once('update', (update: Uint8Array) => (bytes = update));
  phone.transact(() => {
    const fields = phone.getMap('fields');
    fields.set(random.pick(['title', 'cancelReason']), [1_000 * seq, `Phone ${seq}`]);
    if (random.chance(0.3))
      fields.set('status', [1_000 * seq, random.pick(['on_hold', 'completed', 'unheard of'])]);
    if (random.chance(0.1)) fields.delete('priority');
  });
  // As a provider sends it, or with all that the phone knows to be deleted.
  return changeOf(random.chance(0.5) ? bytes : Y.encodeStateAsUpdate(phone, before));
}

function changeOf(bytes: Uint8Array): Change {
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) throw new Error(parsed.message);
  const {update} = parsed;
  return {
    kind: 'update',
    entity: 'tasks',
    id: RECORD_ID,
    generation: 0,
    update,
    ownClients: new Set([PHONE]),
  };
}

const reload = (record: RecordState, seq: number): RecordState =>
  decodeRecord(encodeRecord(record, seq), {
    entity: tasks,
    id: RECORD_ID,
    seq,
    generation: 0,
    clientId: SERVER_CLIENT_ID_MIN + Math.floor(seq / 10),
  });

/** The record that a phone made, as it is stored. */
function loadedWith(phone: Y.Doc): RecordState {
  const record = emptyRecord(tasks, RECORD_ID, SERVER_CLIENT_ID_MIN);
  const change = changeOf(Y.encodeStateAsUpdate(phone));
  const context = {actor: ben, now: 1_000, offset: 0, seq: 1, readCursor: () => null};
  expect(applyChange(record, change, context)).toMatchObject({status: 'applied'});
  return reload(record, 1);
}

/** What there is to know of a record; of its state, what a replica makes of it. */
function whole(record: RecordState, seq: number): object {
  const {state, body, memory} = encodeRecord(record, seq);
  const replica = new Y.Doc();
  Y.applyUpdate(replica, state);
  const payload = Buffer.from(body.subarray(0, body.length - state.length)).toString('latin1');
  return {payload, memory: Buffer.from(memory).toString(), state: Y.encodeStateAsUpdate(replica)};
}

/** Answers how many of the changes were made without a document. */
function play(seed: number): number {
  const random = randomFrom(seed);
  const phone = new Y.Doc();
  phone.clientID = PHONE;
  let record = emptyRecord(tasks, RECORD_ID, SERVER_CLIENT_ID_MIN);
  let made = 0;
  for (let seq = 1; seq <= 30; seq++) {
    const change =
      seq > 1 && random.chance(0.4) ? yjsChange(random, phone, {record, seq}) : jsonChange(random, seq);
    const actor: Actor = change.kind === 'update' || random.chance(0.5) ? ben : ana;
    const context = {actor, now: 1_000 * seq, offset: 0, seq, readCursor: () => null};
    // As it is in memory, and once more with its document built.
    const plain = seq === 1 || (record.plain !== null && random.chance(0.5)) ? record : reload(record, seq);
    const built = seq === 1 ? emptyRecord(tasks, RECORD_ID, SERVER_CLIENT_ID_MIN) : reload(record, seq);
    if (plain === record && record.plain !== null) built.doc.clientID = record.plain.clientId;
    else built.doc.getMap('fields');
    const outcome = applyChange(plain, change, context);
    expect(outcome, `seed ${seed}, change ${seq}`).toEqual(applyChange(built, change, context));
    if (plain.plain !== null && outcome.kind === 'done' && outcome.delta !== null) made++;
    expect(whole(plain, seq), `seed ${seed}, change ${seq}`).toEqual(whole(built, seq));
    record = plain;
  }
  return made;
}

test('a record decides the same without its document as with it', () => {
  let made = 0;
  for (let seed = 0; seed < 40; seed++) made += play(seed);
  // Else this would compare documents with themselves.
  expect(made).toBeGreaterThan(200);
});

test.each([
  ['nothing but what is deleted already', false, true],
  ['what is deleted nowhere yet', true, false],
])('an update that also deletes %s', (_, deletesMore, isPlain) => {
  const phone = new Y.Doc();
  phone.clientID = PHONE;
  const fields = phone.getMap('fields');
  for (const title of ['A', 'B', 'C']) fields.set('title', [1_000, title]);
  fields.set('priority', [1_000, 'low']);
  fields.set('status', [1_000, 'draft']);
  const loaded = loadedWith(phone);
  const before = Y.encodeStateVector(phone);
  fields.set('title', [2_000, 'D']);
  if (deletesMore) fields.delete('priority');
  const change = changeOf(Y.encodeStateAsUpdate(phone, before));
  const context = {actor: ben, now: 2_000, offset: 0, seq: 2, readCursor: () => null};
  expect(applyChange(loaded, change, context)).toMatchObject({status: 'applied'});
  expect(loaded.plain !== null).toBe(isPlain);
  expect(fieldsOf(loaded)).toMatchObject({title: 'D', priority: deletesMore ? null : 'low'});
});

test('a document asked for amid an edit that does without it is a mistake', () => {
  const record = emptyRecord(tasks, RECORD_ID, SERVER_CLIENT_ID_MIN);
  record.doc.getMap('fields').set('title', [1, 'A']);
  const loaded = reload(record, 1);
  if (loaded.plain !== null) loaded.plain.edit = {over: new Map(), done: []};
  expect(() => loaded.doc).toThrow('amid an edit');
});
