// A record as two runs of bytes, and back. Its body is what devices are sent: the JSON payload and the Yjs state. Its
// memory is what only a merge needs, and as large: what is remembered of its writes.
import * as Y from 'yjs';
import {encodeState} from './encode-state.ts';
import type {Entity} from './entities/entity.ts';
import type {JsonObject} from './json.ts';
import {decodeMemory, encodeMemory} from './memory-codec.ts';
import {openDocument, plainDocument} from './plain-document.ts';
import {deletedAtOf, emptyRecord, fieldsOf, plainRecord, type RecordState} from './record.ts';

/** The parts of a body, without a copy. */
export interface BodyParts {
  /** JSON text of the fields and who made and changed the record; without id, seq and updatedAt. */
  readonly payload: Uint8Array;
  /** Yjs V1 state. */
  readonly state: Uint8Array;
}

/** As a record is stored. */
export interface RecordBytes {
  readonly body: Uint8Array;
  readonly memory: Uint8Array;
}

export interface EncodedRecord extends RecordBytes {
  /** Yjs V1 state, also in `body`. */
  readonly state: Uint8Array;
  /** As `fieldsOf` answers them. */
  readonly fields: JsonObject;
}

const FORMAT = 2;
const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * seq: the record's own feed position, pending or not. Writes of the same pending group are stored relative
 * to it, because positions are given out only when everything is encoded.
 */
export function encodeRecord(record: RecordState, seq: number): EncodedRecord {
  const fields = fieldsOf(record);
  const state = record.plain === null ? encodeState(record.doc) : record.plain.bytes;
  const payload = utf8.encode(encodePayload(record, fields));
  const memory = utf8.encode(encodeMemory(record, seq));
  const body = new Uint8Array(HEADER_BYTES + payload.length + state.length);
  const view = new DataView(body.buffer);
  view.setUint8(0, FORMAT);
  view.setUint32(1, payload.length);
  body.set(payload, HEADER_BYTES);
  body.set(state, HEADER_BYTES + payload.length);
  return {body, memory, state, fields};
}

/** Format, then the length of the payload; the state is what is left. */
const HEADER_BYTES = 5;

export function splitBody(body: Uint8Array): BodyParts {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  if (body.length < HEADER_BYTES || view.getUint8(0) !== FORMAT) {
    throw new Error('A stored record has an unknown format.');
  }
  const stateAt = HEADER_BYTES + view.getUint32(1);
  return {payload: body.subarray(HEADER_BYTES, stateAt), state: body.subarray(stateAt)};
}

/** seq and generation: of the stored row. clientId: the server's own, for what it will write. */
export function decodeRecord(
  {body, memory}: RecordBytes,
  {
    entity,
    id,
    seq,
    generation,
    clientId,
  }: {entity: Entity; id: string; seq: number; generation: number; clientId: number},
): RecordState {
  const {state} = splitBody(body);
  const plain = plainDocument(state, clientId);
  const record =
    plain === null ? loadedRecord(entity, id, {state, clientId}) : plainRecord(entity, id, plain);
  record.generation = generation;
  decodeMemory(record, text.decode(memory), seq);
  return record;
}

function loadedRecord(
  entity: Entity,
  id: string,
  {state, clientId}: {state: Uint8Array; clientId: number},
): RecordState {
  const record = emptyRecord(entity, id, clientId);
  record.doc = openDocument(entity, state, clientId);
  return record;
}

/** Another of the same, which may be changed by itself; what is in it stays as it is. */
export function copyRecord(record: RecordState): RecordState {
  const copy = emptyRecord(record.entity, record.id, 0);
  Y.applyUpdate(copy.doc, encodeState(record.doc));
  // Its own items would make Yjs mint another client id.
  copy.doc.clientID = record.doc.clientID;
  copy.generation = record.generation;
  for (const [key, write] of record.writes) copy.writes.set(key, write);
  for (const [key, write] of record.textWrites) copy.textWrites.set(key, write);
  copy.created = record.created;
  copy.updatedBy = record.updatedBy;
  return copy;
}

function encodePayload(record: RecordState, fields: JsonObject): string {
  const {created, updatedBy} = record;
  return JSON.stringify({
    ...fields,
    createdAt: created === null ? null : new Date(created.at).toISOString(),
    createdBy: created?.by ?? null,
    updatedBy,
    deletedAt: deletedAtOf(record),
  });
}
