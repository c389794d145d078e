// A document's encoded state, changed without building the document: one more value over the one that a map entry shows.
// What Yjs would have come to, for documents that hold nothing but values of maps. plain-document.ts decides when.
import * as encoding from 'lib0/encoding';
import {
  Malformed,
  readByte,
  readFrom,
  readLength,
  readUint,
  remaining,
  type ByteReader,
} from './byte-reader.ts';
import {writeRuns} from './encode-state.ts';
import {isSameId, type ItemId, type ParsedRange} from './update-reader.ts';

interface Struct {
  readonly from: number;
  /** Where its content begins. */
  readonly contentAt: number;
  readonly to: number;
  readonly clock: number;
  readonly length: number;
  readonly info: number;
  readonly origin: ItemId | null;
}

interface Section {
  readonly client: number;
  readonly clock: number;
  /** One past the last clock. */
  readonly end: number;
  readonly structs: readonly Struct[];
}

interface Run {
  readonly clock: number;
  readonly length: number;
}

/** Where the parts of a state stand in its bytes. */
export interface PlainState {
  readonly bytes: Uint8Array;
  /** Highest client id first, as Yjs writes them. */
  readonly sections: readonly Section[];
  /** By client, in order of clock and joined where they touch. */
  readonly deletes: ReadonlyMap<number, readonly Run[]>;
}

const ORIGIN = 0x80;
const RIGHT_ORIGIN = 0x40;
const PARENT_SUB = 0x20;
const KIND = 0x1f;
const DELETED = 1;
const ANY = 8;

/** Null where the document holds more than values of map entries: text, above all. */
export function readPlainState(bytes: Uint8Array): PlainState | null {
  const reader = readFrom(bytes);
  try {
    const sections: Section[] = [];
    for (let count = readUint(reader); count > 0; count--) sections.push(readSection(reader));
    const deletes = readDeletes(reader);
    return remaining(reader) === 0 ? {bytes, sections, deletes} : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readSection(reader: ByteReader): Section {
  const count = readUint(reader);
  const client = readUint(reader);
  const clock = readUint(reader);
  const structs: Struct[] = [];
  let end = clock;
  for (let index = 0; index < count; index++) {
    const struct = readStruct(reader, end);
    structs.push(struct);
    end += struct.length;
  }
  return {client, clock, end, structs};
}

function readStruct(reader: ByteReader, clock: number): Struct {
  const from = reader.position;
  const info = readByte(reader);
  const kind = info & KIND;
  if (kind !== DELETED && kind !== ANY) throw new Malformed('it is no value of a map');
  const origin = (info & ORIGIN) === 0 ? null : readId(reader);
  if ((info & RIGHT_ORIGIN) !== 0) readId(reader);
  if ((info & (ORIGIN | RIGHT_ORIGIN)) === 0) {
    if (readUint(reader) !== 1) throw new Malformed('its parent is no root');
    skip(reader, readLength(reader));
    if ((info & PARENT_SUB) !== 0) skip(reader, readLength(reader));
  }
  const contentAt = reader.position;
  const length = readUint(reader);
  if (kind === ANY) for (let index = 0; index < length; index++) skipAny(reader);
  return {from, contentAt, to: reader.position, clock, length, info, origin};
}

const readId = (reader: ByteReader): ItemId => ({client: readUint(reader), clock: readUint(reader)});

function skip(reader: ByteReader, length: number): void {
  if (length > remaining(reader)) throw new Malformed('the bytes end early');
  reader.position += length;
}

/** A value as lib0 writes it; see any-reader.ts, which also says what it is. */
function skipAny(reader: ByteReader): void {
  const tag = readByte(reader);
  switch (tag) {
    case 127:
    case 126:
    case 121:
    case 120:
      return;
    case 125:
      while (readByte(reader) >= 0x80);
      return;
    case 124:
      skip(reader, 4);
      return;
    case 123:
    case 122:
      skip(reader, 8);
      return;
    case 119:
    case 116:
      skip(reader, readLength(reader));
      return;
    case 118:
      for (let count = readUint(reader); count > 0; count--) {
        skip(reader, readLength(reader));
        skipAny(reader);
      }
      return;
    case 117:
      for (let count = readUint(reader); count > 0; count--) skipAny(reader);
      return;
    default:
      throw new Malformed('a value has an unknown tag');
  }
}

function readDeletes(reader: ByteReader): Map<number, Run[]> {
  const deletes = new Map<number, Run[]>();
  for (let clients = readUint(reader); clients > 0; clients--) {
    const client = readUint(reader);
    const runs: Run[] = [];
    for (let count = readUint(reader); count > 0; count--)
      runs.push({clock: readUint(reader), length: readUint(reader)});
    deletes.set(client, runs);
  }
  return deletes;
}

/** The next clock of a client. */
export const nextClock = ({sections}: PlainState, client: number): number =>
  sections.find((section) => section.client === client)?.end ?? 0;

/**
 * Which of the items that show a write is the one that its entry shows. Yjs deletes every other item of an entry, so the
 * live one it is. Null if there is none, or it stands for more values than one.
 */
export const findLive = (state: PlainState, carriers: readonly ItemId[]): ItemId | null =>
  carriers.find((id) => liveStruct(state, id) !== undefined) ?? null;

function liveStruct({sections, deletes}: PlainState, {client, clock}: ItemId): Struct | undefined {
  const struct = sections
    .find((section) => section.client === client)
    ?.structs.find((one) => one.clock === clock);
  if (struct === undefined || struct.length !== 1 || (struct.info & KIND) !== ANY) return undefined;
  return isDeletedIn(deletes, {client, clock, length: 1}) ? undefined : struct;
}

/** Whether everything of these ranges is deleted once the items of `ids` are too, which are live. */
export function areDeletedWith(
  state: PlainState,
  ids: readonly ItemId[],
  ranges: readonly ParsedRange[],
): boolean {
  // Joined where they touch, so that one run has all of a range.
  const deletes = withDeleted(state.deletes, ids);
  return ranges.every((range) => isDeletedIn(deletes, range));
}

const isDeletedIn = (deletes: PlainState['deletes'], {client, clock, length}: ParsedRange): boolean =>
  deletes.get(client)?.some((run) => run.clock <= clock && clock + length <= run.clock + run.length) ?? false;

export interface Overwrite {
  /** The new item: the next of its client. */
  readonly id: ItemId;
  /** The live item that the entry shows. */
  readonly over: ItemId;
  /** As lib0 writes it. */
  readonly value: Uint8Array;
}

/** Bytes of the state with the new item, which replaces what `over` said. */
export function overwriteEntry(state: PlainState, overwrite: Overwrite): Uint8Array {
  const {id, over} = overwrite;
  const encoder = encoding.createEncoder();
  const isNew = state.sections.every(({client}) => client !== id.client);
  encoding.writeVarUint(encoder, state.sections.length + (isNew ? 1 : 0));
  let isWritten = false;
  for (const section of state.sections) {
    if (isNew && !isWritten && section.client < id.client) {
      writeOwnSection(encoder, [overwrite]);
      isWritten = true;
    }
    if (section.client === id.client || section.client === over.client)
      writeChanged(encoder, {state, section, overwrite});
    else writeSection(encoder, state.bytes, section);
  }
  if (isNew && !isWritten) writeOwnSection(encoder, [overwrite]);
  writeDeletes(encoder, withDeleted(state.deletes, [over]));
  return encoding.toUint8Array(encoder);
}

/** What others, who have the document as it was before them, follow overwrites of one client by. */
export function encodeOverwrites(overwrites: readonly Overwrite[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  writeOwnSection(encoder, overwrites);
  writeDeletes(
    encoder,
    withDeleted(
      new Map(),
      overwrites.map(({over}) => over),
    ),
  );
  return encoding.toUint8Array(encoder);
}

function writeSection(encoder: encoding.Encoder, bytes: Uint8Array, {client, clock, structs}: Section): void {
  encoding.writeVarUint(encoder, structs.length);
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
  encoding.writeUint8Array(encoder, bytes.subarray(structs[0]?.from, structs.at(-1)?.to));
}

function writeOwnSection(encoder: encoding.Encoder, overwrites: readonly Overwrite[]): void {
  encoding.writeVarUint(encoder, overwrites.length);
  encoding.writeVarUint(encoder, overwrites[0]?.id.client ?? 0);
  encoding.writeVarUint(encoder, overwrites[0]?.id.clock ?? 0);
  for (const overwrite of overwrites) writeItem(encoder, overwrite);
}

function writeItem(encoder: encoding.Encoder, {over, value}: Overwrite): void {
  encoding.writeUint8(encoder, ANY | ORIGIN | PARENT_SUB);
  writeId(encoder, over);
  encoding.writeVarUint(encoder, 1);
  encoding.writeUint8Array(encoder, value);
}

function writeId(encoder: encoding.Encoder, {client, clock}: ItemId): void {
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
}

/** A section that gets the new item, or in which the overwritten one becomes a deleted one, or both. */
function writeChanged(
  encoder: encoding.Encoder,
  {state, section, overwrite}: {state: PlainState; section: Section; overwrite: Overwrite},
): void {
  const {bytes} = state;
  const {client, clock, structs} = section;
  const {id, over} = overwrite;
  const at = client === over.client ? structs.findIndex((struct) => struct.clock === over.clock) : -1;
  const gone = structs[at];
  const before = structs[at - 1];
  const joins = gone !== undefined && before !== undefined && continues(client, before, gone);
  encoding.writeVarUint(encoder, structs.length + (client === id.client ? 1 : 0) - (joins ? 1 : 0));
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
  const start = structs[0]?.from;
  const end = structs.at(-1)?.to;
  if (gone === undefined) {
    encoding.writeUint8Array(encoder, bytes.subarray(start, end));
  } else {
    if (joins) {
      encoding.writeUint8Array(encoder, bytes.subarray(start, before.contentAt));
      encoding.writeVarUint(encoder, before.length + 1);
    } else {
      encoding.writeUint8Array(encoder, bytes.subarray(start, gone.from));
      encoding.writeUint8(encoder, (gone.info & ~KIND) | DELETED);
      encoding.writeUint8Array(encoder, bytes.subarray(gone.from + 1, gone.contentAt));
      encoding.writeVarUint(encoder, 1);
    }
    encoding.writeUint8Array(encoder, bytes.subarray(gone.to, end));
  }
  if (client === id.client) writeItem(encoder, overwrite);
}

/** A deleted item is one with the deleted one that it was written over; so Yjs keeps them. */
const continues = (client: number, before: Struct, gone: Struct): boolean =>
  (before.info & KIND) === DELETED &&
  ((before.info | gone.info) & RIGHT_ORIGIN) === 0 &&
  isSameId(gone.origin, {client, clock: gone.clock - 1});

function withDeleted(
  deletes: ReadonlyMap<number, readonly Run[]>,
  ids: readonly ItemId[],
): Map<number, readonly Run[]> {
  const all = new Map(deletes);
  for (const {client, clock} of ids) {
    const joined: Run[] = [];
    for (const run of [...(all.get(client) ?? []), {clock, length: 1}].sort((a, b) => a.clock - b.clock)) {
      const last = joined.at(-1);
      if (last !== undefined && last.clock + last.length === run.clock)
        joined[joined.length - 1] = {clock: last.clock, length: last.length + run.length};
      else joined.push(run);
    }
    all.set(client, joined);
  }
  return all;
}

function writeDeletes(encoder: encoding.Encoder, deletes: ReadonlyMap<number, readonly Run[]>): void {
  encoding.writeVarUint(encoder, deletes.size);
  for (const [client, runs] of [...deletes].sort(([a], [b]) => b - a)) writeRuns(encoder, client, runs);
}
