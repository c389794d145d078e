// The small shapes that frames are made of: UUIDs as 16 bytes, lists with a bound, values that may be absent.
// Writing uses lib0's encoding, reading the strict reader of the guard.
import * as encoding from 'lib0/encoding';
import {Malformed, readByte, readString, readUint, remaining, type ByteReader} from '../byte-reader.ts';
import {isUuid} from './ids.ts';

export type FrameWriter = encoding.Encoder;

// Ids are the most frequent thing in a frame: they are read and written without making strings on the way.
const hexDigits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const hexValues = new Uint8Array(128);
for (const [value, code] of hexDigits.entries()) hexValues[code] = value;
const DASH = '-'.charCodeAt(0);
/** Where the two digits of each byte begin in the text of a UUID. */
const digitPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const hexAt = (text: string, place: number): number => hexValues[text.charCodeAt(place)] ?? 0;

/** A lower-case UUID. */
export function writeUuid(writer: FrameWriter, uuid: string): void {
  for (const place of digitPlaces)
    encoding.writeUint8(writer, hexAt(uuid, place) * 16 + hexAt(uuid, place + 1));
}

const uuidCodes: number[] = Array.from({length: 36}, () => DASH);

export function readUuid(reader: ByteReader): string {
  for (const place of digitPlaces) {
    const byte = readByte(reader);
    uuidCodes[place] = hexDigits[byte >> 4] ?? 0;
    uuidCodes[place + 1] = hexDigits[byte & 15] ?? 0;
  }
  const text = String.fromCharCode.apply(null, uuidCodes);
  if (!isUuid(text)) throw new Malformed('an id is not a UUID');
  return text;
}

/** A string of at most `max` UTF-8 bytes. */
export function readShortString(reader: ByteReader, max: number): string {
  const start = reader.position;
  const text = readString(reader);
  if (reader.position - start > max + LENGTH_BYTES_MAX) throw new Malformed('a string is too long');
  return text;
}

const LENGTH_BYTES_MAX = 4;

export function writeList<T>(
  writer: FrameWriter,
  list: readonly T[],
  writeOne: (writer: FrameWriter, one: T) => void,
): void {
  encoding.writeVarUint(writer, list.length);
  for (const one of list) writeOne(writer, one);
}

/** At most `max` elements; each takes at least a byte, so a count beyond what is left is refused unread. */
export function readList<T>(reader: ByteReader, max: number, readOne: (reader: ByteReader) => T): T[] {
  const count = readUint(reader);
  if (count > max || count > remaining(reader)) throw new Malformed('a list is too long');
  const list: T[] = [];
  for (let index = 0; index < count; index++) list.push(readOne(reader));
  return list;
}

/** One byte that says whether a value follows. */
export function writeOptional<T>(
  writer: FrameWriter,
  value: T | null,
  write: (writer: FrameWriter, value: T) => void,
): void {
  encoding.writeUint8(writer, value === null ? 0 : 1);
  if (value !== null) write(writer, value);
}

export function readOptional<T>(reader: ByteReader, read: (reader: ByteReader) => T): T | null {
  return readFlag(reader) ? read(reader) : null;
}

export const writeFlag = (writer: FrameWriter, flag: boolean): void =>
  encoding.writeUint8(writer, flag ? 1 : 0);

export function readFlag(reader: ByteReader): boolean {
  const byte = readByte(reader);
  if (byte > 1) throw new Malformed('a flag is neither 0 nor 1');
  return byte === 1;
}

/** One of a few words, as its place among them. */
export const writeChoice = <T extends string>(writer: FrameWriter, words: readonly T[], word: T): void =>
  encoding.writeUint8(writer, words.indexOf(word));

export function readChoice<T extends string>(reader: ByteReader, words: readonly T[]): T {
  const word = words[readByte(reader)];
  if (word === undefined) throw new Malformed('a choice is unknown');
  return word;
}
