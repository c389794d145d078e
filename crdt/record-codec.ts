// A record as one run of bytes, and back: its JSON payload, what is remembered of its writes, and its Yjs
// state. The payload stands first and whole, so that a pull can pass it on without reading the rest.
import * as Y from 'yjs';
import {encodeState} from './encode-state.ts';
import type {Entity} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {deletedAtOf, emptyRecord, fieldsOf, type RecordState} from './record.ts';
import type {ItemId} from './update-reader.ts';
import {PENDING_SEQ, type Part, type Prior, type TextWrite, type Write} from './write.ts';

/** The parts of an encoded record, without a copy. */
export interface RecordParts {
  /** JSON text of the fields and who made and changed the record; without id, seq and updatedAt. */
  readonly payload: Uint8Array;
  readonly memory: Uint8Array;
  /** Yjs V1 state. */
  readonly state: Uint8Array;
}

export interface EncodedRecord {
  readonly bytes: Uint8Array;
  /** Yjs V1 state, also in `bytes`. */
  readonly state: Uint8Array;
  /** As `fieldsOf` answers them. */
  readonly fields: JsonObject;
}

const FORMAT = 1;
const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * seq: the record's own feed position, pending or not. Writes of the same pending group are stored relative
 * to it, because positions are given out only when everything is encoded.
 */
export function encodeRecord(record: RecordState, seq: number): EncodedRecord {
  const fields = fieldsOf(record);
  const state = encodeState(record.doc);
  const payload = utf8.encode(encodePayload(record, fields));
  const memory = utf8.encode(encodeMemory(record, seq));
  const bytes = new Uint8Array(HEADER_BYTES + payload.length + memory.length + state.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FORMAT);
  view.setUint32(1, payload.length);
  view.setUint32(5, memory.length);
  bytes.set(payload, HEADER_BYTES);
  bytes.set(memory, HEADER_BYTES + payload.length);
  bytes.set(state, HEADER_BYTES + payload.length + memory.length);
  return {bytes, state, fields};
}

/** Format, then the lengths of payload and memory; the state is what is left. */
const HEADER_BYTES = 9;

export function splitRecord(bytes: Uint8Array): RecordParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_BYTES || view.getUint8(0) !== FORMAT) {
    throw new Error('A stored record has an unknown format.');
  }
  const memoryAt = HEADER_BYTES + view.getUint32(1);
  const stateAt = memoryAt + view.getUint32(5);
  return {
    payload: bytes.subarray(HEADER_BYTES, memoryAt),
    memory: bytes.subarray(memoryAt, stateAt),
    state: bytes.subarray(stateAt),
  };
}

/** seq and generation: of the stored row. clientId: the server's own, for what it will write. */
export function decodeRecord(
  bytes: Uint8Array,
  {
    entity,
    id,
    seq,
    generation,
    clientId,
  }: {entity: Entity; id: string; seq: number; generation: number; clientId: number},
): RecordState {
  const parts = splitRecord(bytes);
  const record = emptyRecord(entity, id, clientId);
  record.generation = generation;
  // Own items that arrive from outside make Yjs mint another client id, one that may be a device's: load them
  // under no name, and take the name afterwards.
  record.doc.clientID = 0;
  Y.applyUpdate(record.doc, parts.state);
  record.doc.clientID = clientId;
  decodeMemory(record, text.decode(parts.memory), seq);
  return record;
}

/** Another of the same, which may be changed by itself; what is in it stays as it is. */
export function copyRecord(record: RecordState): RecordState {
  const copy = emptyRecord(record.entity, record.id, 0);
  Y.applyUpdate(copy.doc, encodeState(record.doc));
  // As above.
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

type PartRow = [id: string, device: string, user: string, at: number, eff: number, seq: number];
type PriorRow = [value: JsonValue, carriers: number[], seq: number];
type WriteRow = [...PartRow, value: JsonValue, carriers: number[], joined: PartRow[], prior: PriorRow | null];
type TextRow = [...PartRow, kind: TextWrite['kind'], field: string];

interface Memory {
  readonly created: RecordState['created'];
  readonly updatedBy: string | null;
  readonly writes: Record<string, WriteRow>;
  readonly texts: Record<string, TextRow>;
}

// Most writes of a record do not change from commit to commit; their text is made once.
const settledText = new WeakMap<Write, string>();

function encodeMemory(record: RecordState, recordSeq: number): string {
  const writes: string[] = [];
  for (const [key, write] of record.writes) {
    writes.push(`${JSON.stringify(key)}:${encodeWrite(write, recordSeq, record.unsettled.has(key))}`);
  }
  const texts: Record<string, TextRow> = {};
  for (const [key, write] of record.textWrites) {
    texts[key] = [...partRow(write, recordSeq), write.kind, write.field];
  }
  const {created, updatedBy} = record;
  return `{"created":${JSON.stringify(created)},"updatedBy":${JSON.stringify(updatedBy)},"writes":{${writes.join(',')}},"texts":${JSON.stringify(texts)}}`;
}

function encodeWrite(write: Write, recordSeq: number, pending: boolean): string {
  const known = pending ? undefined : settledText.get(write);
  if (known !== undefined) return known;
  const row: WriteRow = [
    ...partRow(write, recordSeq),
    write.value,
    flat(write.carriers),
    // The first part is the write itself, but for the stamp that joined writes may have raised.
    write.parts.length === 1 && write.parts[0]?.eff === write.eff
      ? []
      : write.parts.map((part) => partRow(part, recordSeq)),
    write.prior === null
      ? null
      : [write.prior.value, flat(write.prior.carriers), storedSeq(write.prior.seq, recordSeq)],
  ];
  const encoded = JSON.stringify(row);
  if (!pending) settledText.set(write, encoded);
  return encoded;
}

const partRow = (part: Part, recordSeq: number): PartRow => [
  part.id,
  part.device,
  part.user,
  part.at,
  part.eff,
  storedSeq(part.seq, recordSeq),
];

/** Below zero: relative to the record's own position, less one. */
const storedSeq = (seq: number, recordSeq: number): number =>
  seq >= PENDING_SEQ ? seq - recordSeq - 1 : seq;

const loadedSeq = (stored: number, recordSeq: number): number =>
  stored < 0 ? recordSeq + stored + 1 : stored;

const flat = (ids: readonly ItemId[]): number[] => ids.flatMap(({client, clock}) => [client, clock]);

function pairs(numbers: readonly number[]): ItemId[] {
  const ids: ItemId[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    ids.push({client: numbers[index] ?? 0, clock: numbers[index + 1] ?? 0});
  }
  return ids;
}

function decodeMemory(record: RecordState, json: string, recordSeq: number): void {
  const memory = JSON.parse(json) as Memory;
  record.created = memory.created;
  record.updatedBy = memory.updatedBy;
  for (const [key, row] of Object.entries(memory.writes)) record.writes.set(key, decodeWrite(row, recordSeq));
  for (const [key, [id, device, user, at, eff, seq, kind, field]] of Object.entries(memory.texts)) {
    const part = decodePart([id, device, user, at, eff, seq], recordSeq);
    record.textWrites.set(key, {...part, kind, field});
  }
}

function decodeWrite(row: WriteRow, recordSeq: number): Write {
  const [id, device, user, at, eff, seq, value, carriers, joined, prior] = row;
  const own = decodePart([id, device, user, at, eff, seq], recordSeq);
  return {
    ...own,
    value,
    carriers: pairs(carriers),
    parts: joined.length === 0 ? [{...own}] : joined.map((part) => decodePart(part, recordSeq)),
    prior: prior === null ? null : decodePrior(prior, recordSeq),
  };
}

const decodePart = ([id, device, user, at, eff, seq]: PartRow, recordSeq: number): Part => ({
  id,
  device,
  user,
  at,
  eff,
  seq: loadedSeq(seq, recordSeq),
});

const decodePrior = ([value, carriers, seq]: PriorRow, recordSeq: number): Prior => ({
  value,
  carriers: pairs(carriers),
  seq: loadedSeq(seq, recordSeq),
});
