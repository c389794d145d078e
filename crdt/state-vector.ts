// Yjs state vectors from outside: read strictly before Yjs sees them.
import {Malformed, readFrom, readUint, remaining} from './byte-reader.ts';
import {STATE_VECTOR_ENTRIES_MAX} from './protocol/limits.ts';

/** Clocks by client id; null for bytes that are no state vector, or one with too many entries. */
export function parseStateVector(bytes: Uint8Array): ReadonlyMap<number, number> | null {
  const reader = readFrom(bytes);
  const clocks = new Map<number, number>();
  try {
    const count = readUint(reader);
    if (count > STATE_VECTOR_ENTRIES_MAX || count * 2 > remaining(reader)) return null;
    for (let index = 0; index < count; index++) clocks.set(readUint(reader), readUint(reader));
    return remaining(reader) === 0 && clocks.size === count ? clocks : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
