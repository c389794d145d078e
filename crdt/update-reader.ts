// One strict pass over a Yjs V1 update: from bytes that nobody trusts to plain structs and delete ranges.
// It builds no Yjs object and knows no document; guard.ts holds the result against one.
import {readAny, type AnyValue} from './any-reader.ts';
import {
  Malformed,
  readByte,
  readFrom,
  readString,
  readUint,
  remaining,
  type ByteReader,
} from './byte-reader.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {
  CLOCK_MAX,
  DELETED_RUN_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_CLIENTS_MAX,
  UPDATE_DELETES_MAX,
  UPDATE_ELEMENTS_MAX,
  UPDATE_STRUCTS_MAX,
} from './protocol/limits.ts';

/** A place in the Yjs history: element `clock` of what `client` inserted. */
export interface ItemId {
  readonly client: number;
  readonly clock: number;
}

export const isSameId = (a: ItemId | null, b: ItemId | null): boolean =>
  a === null || b === null ? a === b : a.client === b.client && a.clock === b.clock;

export type ParsedContent =
  /** Values of a map entry, one clock each. `bounds[i]..bounds[i+1]` is element i in `ParsedUpdate.bytes`. */
  | {readonly kind: 'values'; readonly values: readonly AnyValue[]; readonly bounds: readonly number[]}
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'deleted'};

export interface ParsedItem {
  readonly kind: 'item';
  readonly clock: number;
  readonly length: number;
  readonly origin: ItemId | null;
  readonly rightOrigin: ItemId | null;
  /** Root name; null where an origin implies the parent. */
  readonly root: string | null;
  /** Map key; null in a text, or where an origin implies it. */
  readonly mapKey: string | null;
  readonly content: ParsedContent;
}

/** A stretch that the sender left out because it was acknowledged before. */
export interface ParsedSkip {
  readonly kind: 'skip';
  readonly clock: number;
  readonly length: number;
}

export interface ParsedSection {
  readonly client: number;
  readonly structs: readonly (ParsedItem | ParsedSkip)[];
  /** One past the last clock of the section. */
  readonly end: number;
}

export interface ParsedRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/** Whether a range, or the clocks of a struct, hold this one. */
export const isWithin = ({client, clock}: ItemId, range: ParsedRange): boolean =>
  client === range.client && range.clock <= clock && clock < range.clock + range.length;

export interface ParsedUpdate {
  /** A private copy of the input. */
  readonly bytes: Uint8Array;
  readonly sections: readonly ParsedSection[];
  readonly deletes: readonly ParsedRange[];
}

export type ParseResult =
  | {readonly ok: true; readonly update: ParsedUpdate}
  | {readonly ok: false; readonly code: ErrorCode; readonly message: string};

/** Carries a guard code out of the pass. */
class Refused extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Parses V1 update bytes in time and memory linear in their length. The input is copied first: a slice of
 * a shared buffer may change under a reader.
 */
export function parseUpdate(input: Uint8Array): ParseResult {
  if (input.length > UPDATE_BYTES_MAX) {
    return {
      ok: false,
      code: 'update_too_large',
      message: `An update holds at most ${UPDATE_BYTES_MAX} bytes.`,
    };
  }
  // Not `slice()`: on a Node Buffer that is a view of the same memory.
  const bytes = new Uint8Array(input);
  const reader = readFrom(bytes);
  try {
    const sections = readSections(reader);
    const deletes = readDeletes(reader);
    if (remaining(reader) > 0) throw new Malformed('bytes follow the update');
    return {ok: true, update: {bytes, sections, deletes}};
  } catch (error) {
    if (error instanceof Refused) return {ok: false, code: error.code, message: error.message};
    if (error instanceof Malformed) {
      return {ok: false, code: 'update_malformed', message: `Not a Yjs V1 update: ${error.message}.`};
    }
    throw error;
  }
}

/** A count whose things take at least one byte each. */
function readCount(reader: ByteReader, max: number, what: string): number {
  const count = readUint(reader);
  if (count > remaining(reader)) throw new Malformed('a count runs past the end');
  if (count > max) throw new Refused('update_too_large', `An update holds at most ${max} ${what}.`);
  return count;
}

function readSections(reader: ByteReader): ParsedSection[] {
  const count = readCount(reader, UPDATE_CLIENTS_MAX, 'client sections');
  const sections: ParsedSection[] = [];
  const seen = new Set<number>();
  const budget = {structs: UPDATE_STRUCTS_MAX, elements: UPDATE_ELEMENTS_MAX};
  for (let index = 0; index < count; index++) {
    const structCount = readCount(reader, budget.structs, 'structs');
    budget.structs -= structCount;
    const client = readUint(reader);
    // Yjs keeps only the last of two sections of one client: two readers would see two updates.
    if (seen.has(client)) throw new Refused('update_malformed', 'A client has two sections.');
    seen.add(client);
    sections.push(readSection(reader, {client, structCount, budget}));
  }
  return sections;
}

function readSection(
  reader: ByteReader,
  section: {client: number; structCount: number; budget: {elements: number}},
): ParsedSection {
  let clock = readUint(reader);
  const structs: (ParsedItem | ParsedSkip)[] = [];
  for (let index = 0; index < section.structCount; index++) {
    const struct = readStruct(reader, clock);
    if (struct.kind === 'item' && struct.content.kind === 'values') {
      section.budget.elements -= struct.length;
      if (section.budget.elements < 0) {
        throw new Refused('update_too_large', `An update holds at most ${UPDATE_ELEMENTS_MAX} values.`);
      }
    }
    clock += struct.length;
    if (clock > CLOCK_MAX) throw new Refused('update_bad_clock', 'A clock is out of range.');
    structs.push(struct);
  }
  return {client: section.client, structs, end: clock};
}

const ORIGIN = 0x80;
const RIGHT_ORIGIN = 0x40;
const PARENT_SUB = 0x20;

function readStruct(reader: ByteReader, clock: number): ParsedItem | ParsedSkip {
  const info = readByte(reader);
  const ref = info & 0x1f;
  if (ref === 10) {
    if (info !== 10) throw new Malformed('a skip carries flags');
    return {kind: 'skip', clock, length: readPositive(reader)};
  }
  if (ref === 0) throw new Refused('update_bad_content', 'Collected structs are not accepted.');
  const origin = (info & ORIGIN) === 0 ? null : readId(reader);
  const rightOrigin = (info & RIGHT_ORIGIN) === 0 ? null : readId(reader);
  let root: string | null = null;
  let mapKey: string | null = null;
  if (origin === null && rightOrigin === null) {
    if (readUint(reader) !== 1) throw new Refused('update_bad_parent', 'Nested types are not accepted.');
    root = readString(reader);
    if ((info & PARENT_SUB) !== 0) mapKey = readString(reader);
  }
  const {content, length} = readContent(reader, ref);
  return {kind: 'item', clock, length, origin, rightOrigin, root, mapKey, content};
}

const readId = (reader: ByteReader): ItemId => ({client: readUint(reader), clock: readUint(reader)});

function readPositive(reader: ByteReader): number {
  const length = readUint(reader);
  if (length === 0) throw new Malformed('a struct is empty');
  if (length > CLOCK_MAX) throw new Refused('update_bad_clock', 'A struct is too long.');
  return length;
}

function readContent(reader: ByteReader, ref: number): {content: ParsedContent; length: number} {
  switch (ref) {
    case 1: {
      const length = readPositive(reader);
      // Longer than anything an honest device overwrote since its last acknowledgement: a burnt clock.
      if (length > DELETED_RUN_MAX) throw new Refused('update_bad_clock', 'A deleted run is too long.');
      return {content: {kind: 'deleted'}, length};
    }
    case 4: {
      const text = readString(reader);
      if (text.length === 0) throw new Malformed('a struct is empty');
      return {content: {kind: 'text', text}, length: text.length};
    }
    case 8: {
      const length = readPositive(reader);
      if (length > remaining(reader)) throw new Malformed('a count runs past the end');
      if (length > UPDATE_ELEMENTS_MAX) {
        throw new Refused('update_too_large', `An update holds at most ${UPDATE_ELEMENTS_MAX} values.`);
      }
      const values: AnyValue[] = [];
      const bounds: number[] = [reader.position];
      for (let index = 0; index < length; index++) {
        values.push(readAny(reader));
        bounds.push(reader.position);
      }
      return {content: {kind: 'values', values, bounds}, length};
    }
    default:
      if (ref > 10) throw new Malformed('a struct has an unknown kind');
      throw new Refused('update_bad_content', 'A record holds plain values and text only.');
  }
}

function readDeletes(reader: ByteReader): ParsedRange[] {
  const clients = readCount(reader, UPDATE_DELETES_MAX, 'delete ranges');
  const ranges: ParsedRange[] = [];
  const seen = new Set<number>();
  for (let index = 0; index < clients; index++) {
    const client = readUint(reader);
    if (seen.has(client)) throw new Refused('update_malformed', 'A client has two delete sections.');
    seen.add(client);
    const count = readCount(reader, UPDATE_DELETES_MAX - ranges.length, 'delete ranges');
    let previousEnd = 0;
    for (let range = 0; range < count; range++) {
      const clock = readUint(reader);
      const length = readPositive(reader);
      // Yjs writes them sorted and merged; overlapping ones would multiply the work of checking them.
      if (clock < previousEnd) throw new Refused('update_malformed', 'Delete ranges overlap.');
      previousEnd = clock + length;
      if (clock + length > CLOCK_MAX)
        throw new Refused('update_bad_clock', 'A delete range is out of range.');
      ranges.push({client, clock, length});
    }
  }
  return ranges;
}
