// A client record with a victim and an attacker on it, in memory: what the catalogue's attacks are sent to
// where no server is needed.
import * as Y from 'yjs';
import {applyChange} from '#crdt/apply-change.ts';
import type {Actor, ChangeOutcome, Role} from '#crdt/change.ts';
import {clients} from '#crdt/entities/clients.ts';
import {flattenDocument} from '#crdt/flatten.ts';
import type {JsonObject} from '#crdt/json.ts';
import {DEVICE_CLIENT_ID_MAX, SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {emptyRecord, fieldsOf, settleSeqs, type RecordState} from '#crdt/record.ts';
import {rootsOf} from '#crdt/roots.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import {PENDING_SEQ} from '#crdt/write.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {AttackContext} from './catalogue.ts';

/** The server's clock, ms. Every change is decided a second after the one before. */
const START = Date.UTC(2026, 0, 1);

export interface Device {
  readonly actor: Actor;
  readonly clientId: number;
  /** Yjs client ids that the server knows to be this device's. */
  readonly ownClients: ReadonlySet<number>;
}

export interface Arena {
  readonly record: RecordState;
  readonly victim: Device;
  readonly attacker: Device;
  seq: number;
  now: number;
}

export type Verdict =
  {readonly kind: 'unparsed'; readonly code: ErrorCode; readonly message: string} | ChangeOutcome;

const device = (name: string, role: Role, ids: readonly [number, ...number[]]): Device => ({
  actor: {userId: `user-${name}`, deviceId: `device-${name}`, role, employeeId: `employee-${name}`},
  clientId: ids[0],
  ownClients: new Set(ids),
});

/** The victim has made the record; the attacker has written the end of its notes. */
export function openArena(role: Role, {attackerId = 300}: {attackerId?: number} = {}): Arena {
  const arena: Arena = {
    record: emptyRecord(clients, '7d9b1c1e-0000-4000-8000-000000000001', SERVER_CLIENT_ID_MIN + 5),
    victim: device('victim', 'manager', [200]),
    attacker: device('attacker', role, [attackerId, 301, DEVICE_CLIENT_ID_MAX]),
    seq: 0,
    now: START,
  };
  edit(arena, arena.victim, (doc) => {
    const fields = doc.getMap('fields');
    fields.set('kind', [START, 'person']);
    fields.set('displayName', [START, 'Ada']);
    fields.set('phone', [START, '+41446681800']);
    doc.getMap('set:tags').set('vip', [START, true]);
    doc.getText('text:notes').insert(0, 'Rings twice. 😀 Knows the way.');
  });
  edit(arena, arena.attacker, (doc) => doc.getText('text:notes').insert(30, ' Ok'));
  return arena;
}

/** A device's own replica of what the server has, as after a reload. */
export function replicaOf(arena: Arena, {clientId}: Device): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(arena.record.doc));
  doc.clientID = clientId;
  return doc;
}

/** One honest edit of a stock document, sent as the bytes of its transaction. */
export function edit(arena: Arena, device: Device, change: (doc: Y.Doc) => unknown): Verdict {
  const doc = replicaOf(arena, device);
  const before = Y.encodeStateVector(doc);
  doc.transact(() => change(doc));
  return send(arena, device, Y.encodeStateAsUpdate(doc, before));
}

/** What a server does with bytes from a device, without the server. */
export function send(arena: Arena, {actor, ownClients}: Device, bytes: Uint8Array): Verdict {
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) return {kind: 'unparsed', code: parsed.code, message: parsed.message};
  const {record} = arena;
  arena.now += 1_000;
  const outcome = applyChange(
    record,
    {
      kind: 'update',
      entity: 'clients',
      id: record.id,
      generation: record.generation,
      update: parsed.update,
      ownClients,
    },
    {actor, now: arena.now, offset: 0, seq: PENDING_SEQ, readCursor: () => null},
  );
  if (outcome.kind === 'done' && outcome.changed) settleSeqs(record, ++arena.seq);
  return outcome;
}

export const contextOf = (arena: Arena): AttackContext => ({
  state: Y.encodeStateAsUpdate(arena.record.doc),
  attacker: arena.attacker.clientId,
  attackerAlso: [...arena.attacker.ownClients].slice(1),
  victim: arena.victim.clientId,
  server: arena.record.doc.clientID,
  now: arena.now,
});

/** Everything that is kept of the record, as comparable values. */
export function snapshotOf({record}: Arena): unknown {
  return {
    document: [...Y.encodeStateAsUpdate(record.doc)],
    writes: structuredClone([...record.writes]),
    textWrites: structuredClone([...record.textWrites]),
    created: record.created,
    generation: record.generation,
  };
}

export interface Soundness {
  readonly pending: boolean;
  readonly roots: readonly string[];
  /** What the merge remembers, what the document reads, and what the document reads after it was stored and loaded. */
  readonly remembered: JsonObject;
  readonly shown: JsonObject;
  readonly reloaded: JsonObject;
}

export function soundnessOf({record}: Arena): Soundness {
  const {doc, entity} = record;
  const loaded = new Y.Doc();
  Y.applyUpdate(loaded, Y.encodeStateAsUpdate(doc));
  return {
    pending: [doc, loaded].some(({store}) => store.pendingStructs !== null || store.pendingDs !== null),
    roots: [...doc.share.keys()].sort(),
    remembered: fieldsOf(record),
    shown: flattenDocument(entity, doc).fields,
    reloaded: flattenDocument(entity, loaded).fields,
  };
}

export const declaredRoots: readonly string[] = [...rootsOf(clients).keys()].sort();
