// Reads a Yjs V1 update down to its values, as every receiver of a live edit must, without building a document.
// The same code counts the deliveries of every peer. It allocates nothing but values, so that the load leaves the
// machine to the server.
import * as decoding from 'lib0/decoding';

/** One struct of an update; the same object for all of them, so it is good only during the call. */
export interface ScannedStruct {
  client: number;
  clock: number;
  length: number;
  /** -1 without an origin. */
  originClient: number;
  originClock: number;
  /** The map key, where the bytes name it: only items without an origin do. */
  key: string | null;
  /** Undefined where the content is gone or no value. */
  value: unknown;
}

const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_KEY = 0x20;
const GC = 0;
const DELETED = 1;
const STRING = 4;
const ANY = 8;
const SKIP = 10;

/** Calls `visit` for each struct in order; the delete set is not read. Throws on content no task of the bench holds. */
export function scanUpdate(update: Uint8Array, visit: (struct: ScannedStruct) => void): void {
  const decoder = decoding.createDecoder(update);
  const struct = {
    client: 0,
    clock: 0,
    length: 0,
    originClient: -1,
    originClock: -1,
    key: null,
    value: undefined,
  };
  const sections = decoding.readVarUint(decoder);
  for (let section = 0; section < sections; section++) {
    const structs = decoding.readVarUint(decoder);
    struct.client = decoding.readVarUint(decoder);
    struct.clock = decoding.readVarUint(decoder);
    for (let index = 0; index < structs; index++) {
      readStruct(decoder, struct);
      visit(struct);
      struct.clock += struct.length;
    }
  }
}

function readStruct(decoder: decoding.Decoder, struct: ScannedStruct): void {
  const info = decoding.readUint8(decoder);
  const kind = info & 0x1f;
  const isBare = kind === GC || kind === SKIP;
  const hasOrigin = !isBare && (info & HAS_ORIGIN) !== 0;
  struct.originClient = hasOrigin ? decoding.readVarUint(decoder) : -1;
  struct.originClock = hasOrigin ? decoding.readVarUint(decoder) : -1;
  const hasRight = !isBare && (info & HAS_RIGHT_ORIGIN) !== 0;
  if (hasRight) skipId(decoder);
  const namesParent = !isBare && !hasOrigin && !hasRight;
  struct.key = namesParent ? readParent(decoder, (info & HAS_KEY) !== 0) : null;
  struct.value = undefined;
  if (isBare || kind === DELETED) struct.length = decoding.readVarUint(decoder);
  else if (kind === STRING) {
    const text = decoding.readVarString(decoder);
    struct.value = text;
    struct.length = text.length;
  } else if (kind === ANY) {
    struct.length = decoding.readVarUint(decoder);
    for (let element = 0; element < struct.length; element++) struct.value = decoding.readAny(decoder);
  } else throw new Error(`an update holds content ${kind}, which no task of the bench has`);
}

function skipId(decoder: decoding.Decoder): void {
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
}

function readParent(decoder: decoding.Decoder, hasKey: boolean): string | null {
  if (decoding.readVarUint(decoder) === 1) decoding.readVarString(decoder);
  else skipId(decoder);
  return hasKey ? decoding.readVarString(decoder) : null;
}
