// What tests hand to the lanes: JSON changes, and what devices write that hold copies of records. Pure.
import {randomUUID} from 'node:crypto';
import * as Y from 'yjs';
import type {Base, JsonChange} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {Submission} from '#server/sync/submission.ts';

/** Whose submission it is. */
export type Author = Pick<Submission, 'tenantId' | 'userId' | 'deviceId'>;

type JsonInput = Pick<JsonChange, 'entity' | 'id' | 'payload'> &
  Partial<Pick<JsonChange, 'op' | 'changeId' | 'at'>> & {base?: Base; named?: boolean};

/** Of a JSON change under a new name, made on the current state, unless said otherwise. */
export function jsonSubmission(member: Author, input: JsonInput): Submission {
  const {tenantId, userId, deviceId} = member;
  const {named = true, ...given} = input;
  const now = Date.now();
  const change: JsonChange = {
    kind: 'json',
    op: 'upsert',
    changeId: randomUUID(),
    at: now,
    base: {kind: 'current'},
    ...given,
  };
  return {tenantId, userId, deviceId, change, now, offset: 0, changeId: named ? change.changeId : null};
}

/** A device's copy of one record, as a stock Yjs client keeps it. */
export interface Replica {
  readonly doc: Y.Doc;
  generation: number;
  /** Runs an edit and answers the submission of what it did. */
  edit(change: (doc: Y.Doc) => void): Submission;
  set(key: string, value: unknown, at?: number): Submission;
  receive(state: Uint8Array): void;
}

const randomClientId = (): number => Math.floor(Math.random() * DEVICE_CLIENT_ID_MAX);

export function createReplica(member: Author, key: {entity: EntityName; id: string}): Replica {
  const doc = new Y.Doc({gc: false});
  doc.clientID = randomClientId();
  const replica: Replica = {
    doc,
    generation: 0,
    edit(change) {
      const before = Y.encodeStateVector(doc);
      doc.transact(() => change(doc));
      return updateSubmission(member, {
        ...key,
        bytes: Y.encodeStateAsUpdate(doc, before),
        generation: replica.generation,
        ownClients: [doc.clientID],
      });
    },
    set: (name, value, at = Date.now()) => replica.edit(() => doc.getMap('fields').set(name, [at, value])),
    receive: (state) => Y.applyUpdate(doc, state),
  };
  return replica;
}

export function updateSubmission(
  member: Author,
  update: {
    entity: EntityName;
    id: string;
    bytes: Uint8Array;
    generation: number;
    ownClients: readonly number[];
  },
): Submission {
  const {tenantId, userId, deviceId} = member;
  const {entity, id, generation} = update;
  const parsed = parseUpdate(update.bytes);
  if (!parsed.ok) throw new Error(`The parser refused an update: ${parsed.message}`);
  const ownClients = new Set(update.ownClients);
  return {
    tenantId,
    userId,
    deviceId,
    now: Date.now(),
    offset: 0,
    changeId: null,
    change: {kind: 'update', entity, id, generation, update: parsed.update, ownClients},
  };
}

/** A new task's record id, and its creation. */
export function newTask(
  member: Author,
  title = 'Mend the roof',
): {entity: 'tasks'; id: string; create: Submission} {
  const key = {entity: 'tasks' as const, id: randomUUID()};
  return {...key, create: jsonSubmission(member, {...key, payload: {title}})};
}
