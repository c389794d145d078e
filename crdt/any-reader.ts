// Reads one of lib0's "any" values as strictly as records need it: what is not plain JSON is still walked
// to its end, so that the clocks of a refused value can be consumed, but answers `unstorable`.
import {
  Malformed,
  readByte,
  readBytes,
  readInt,
  readString,
  readUint,
  readView,
  remaining,
  type ByteReader,
} from './byte-reader.ts';
import {forbiddenKeys, isStorableString, type JsonValue} from './json.ts';
import {VALUE_DEPTH_MAX, VALUE_NODES_MAX} from './protocol/limits.ts';

/** Stands for a value that is well-formed lib0 but no JSON that a record may hold. */
export const unstorable: unique symbol = Symbol('unstorable');
export type AnyValue = JsonValue | typeof unstorable;

interface Budget {
  nodes: number;
}

/** Past depth or node bounds it throws `Malformed`: no honest value of a record comes near them. */
export function readAny(reader: ByteReader): AnyValue {
  // The wrapping `[at, value]` is one level and two nodes of its own.
  return readPart(reader, {nodes: VALUE_NODES_MAX + 2}, VALUE_DEPTH_MAX + 1);
}

function readPart(reader: ByteReader, budget: Budget, depth: number): AnyValue {
  if (--budget.nodes < 0) throw new Malformed('a value has too many parts');
  if (depth < 0) throw new Malformed('a value is nested too deep');
  const tag = readByte(reader);
  switch (tag) {
    case 127: // undefined
      return unstorable;
    case 126:
      return null;
    case 125:
      return plainNumber(readInt(reader));
    case 124:
      return plainNumber(readView(reader, 4).getFloat32(0));
    case 123:
      return plainNumber(readView(reader, 8).getFloat64(0));
    case 122: // bigint
      readView(reader, 8);
      return unstorable;
    case 121:
      return false;
    case 120:
      return true;
    case 119: {
      const text = readString(reader);
      return isStorableString(text) ? text : unstorable;
    }
    case 118:
      return readObject(reader, budget, depth);
    case 117:
      return readArray(reader, budget, depth);
    case 116: // binary
      readBytes(reader);
      return unstorable;
    default:
      throw new Malformed('a value has an unknown tag');
  }
}

const plainNumber = (value: number): AnyValue =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : unstorable;

function readObject(reader: ByteReader, budget: Budget, depth: number): AnyValue {
  const count = readUint(reader);
  // Each member takes at least two bytes.
  if (count * 2 > remaining(reader)) throw new Malformed('a count runs past the end');
  const object: Record<string, JsonValue> = {};
  let storable = true;
  for (let index = 0; index < count; index++) {
    const key = readString(reader);
    const value = readPart(reader, budget, depth - 1);
    if (
      value === unstorable ||
      forbiddenKeys.has(key) ||
      !isStorableString(key) ||
      Object.hasOwn(object, key)
    ) {
      storable = false;
    } else {
      object[key] = value;
    }
  }
  return storable ? object : unstorable;
}

function readArray(reader: ByteReader, budget: Budget, depth: number): AnyValue {
  const count = readUint(reader);
  if (count > remaining(reader)) throw new Malformed('a count runs past the end');
  const array: JsonValue[] = [];
  let storable = true;
  for (let index = 0; index < count; index++) {
    const value = readPart(reader, budget, depth - 1);
    if (value === unstorable) storable = false;
    else array.push(value);
  }
  return storable ? array : unstorable;
}
