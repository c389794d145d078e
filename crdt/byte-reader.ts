// Strict reading of lib0's encoding: every read is bounded by what is left, varints are minimal and exact,
// strings are valid UTF-8. Used on bytes that nobody has looked at yet.

/** Thrown inside a parse and caught where it began; never leaves crdt/. */
export class Malformed extends Error {}

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

export interface ByteReader {
  readonly bytes: Uint8Array;
  position: number;
}

export const readFrom = (bytes: Uint8Array): ByteReader => ({bytes, position: 0});

export const remaining = (reader: ByteReader): number => reader.bytes.length - reader.position;

export function readByte(reader: ByteReader): number {
  const byte = reader.bytes[reader.position];
  if (byte === undefined) throw new Malformed('the bytes end early');
  reader.position++;
  return byte;
}

/** An unsigned integer up to 2^53 - 1 in its shortest form. */
export function readUint(reader: ByteReader): number {
  let byte = readByte(reader);
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let factor = 0x80;
  for (;;) {
    byte = readByte(reader);
    value += (byte & 0x7f) * factor;
    if (value > Number.MAX_SAFE_INTEGER) throw new Malformed('an integer is too large');
    if (byte < 0x80) {
      if (byte === 0) throw new Malformed('an integer is padded');
      return value;
    }
    factor *= 0x80;
    if (factor > 2 ** 56) throw new Malformed('an integer is too long');
  }
}

/** A signed integer: sign in the second bit, magnitude up to 2^53 - 1. Answers -0 for a negative zero. */
export function readInt(reader: ByteReader): number {
  let byte = readByte(reader);
  const sign = (byte & 0x40) === 0 ? 1 : -1;
  let value = byte & 0x3f;
  let factor = 0x40;
  while (byte >= 0x80) {
    byte = readByte(reader);
    value += (byte & 0x7f) * factor;
    if (value > Number.MAX_SAFE_INTEGER) throw new Malformed('an integer is too large');
    if (byte === 0) throw new Malformed('an integer is padded');
    factor *= 0x80;
    // Without this a long row of 0x80 would drive the factor to infinity and the value to NaN.
    if (byte >= 0x80 && factor > 2 ** 56) throw new Malformed('an integer is too long');
  }
  return sign * value;
}

/** A byte count that must still be there. */
export function readLength(reader: ByteReader): number {
  const length = readUint(reader);
  if (length > remaining(reader)) throw new Malformed('a length runs past the end');
  return length;
}

export function readBytes(reader: ByteReader): Uint8Array {
  const length = readLength(reader);
  reader.position += length;
  return reader.bytes.subarray(reader.position - length, reader.position);
}

/** A length-prefixed UTF-8 string. */
export function readString(reader: ByteReader): string {
  const slice = readBytes(reader);
  if (slice.length <= SHORT_STRING) {
    const ascii = readAscii(slice);
    if (ascii !== null) return ascii;
  }
  try {
    return decoder.decode(slice);
  } catch {
    throw new Malformed('a string is not UTF-8');
  }
}

// Below this a loop beats the decoder's call into native code.
const SHORT_STRING = 24;

function readAscii(slice: Uint8Array): string | null {
  let text = '';
  for (const byte of slice) {
    if (byte >= 0x80) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Eight bytes, big-endian, as lib0 writes floats and large integers. */
export function readView(reader: ByteReader, length: number): DataView {
  if (length > remaining(reader)) throw new Malformed('the bytes end early');
  const view = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.position, length);
  reader.position += length;
  return view;
}
