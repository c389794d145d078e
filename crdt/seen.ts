// What a deleting device had seen, as it says in its delete: a feed cursor, or a Yjs state vector.
import * as decoding from 'lib0/decoding';
import type {HasSeen} from './deletion.ts';
import type {Merge} from './merge.ts';
import {SEEN_BYTES_MAX} from './protocol/limits.ts';

/** null, or anything unreadable: it had seen nothing, so every write by others is an opponent. */
export function seenTest(merge: Merge, seen: string | null): HasSeen {
  if (seen === null || seen === '') return () => false;
  const cursor = merge.context.readCursor(seen);
  if (cursor !== null) return (part) => part.seq <= cursor;
  const vector = readStateVector(seen);
  const {generation} = merge.record;
  return (part) => {
    const [partGeneration, client, clock] = part.id.split('.').map(Number);
    if (partGeneration === undefined || client === undefined || clock === undefined) return false;
    // A document of this generation began with everything that earlier ones held.
    return partGeneration < generation || clock < (vector.get(client) ?? 0);
  };
}

function readStateVector(text: string): ReadonlyMap<number, number> {
  const clocks = new Map<number, number>();
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    if (bytes.length > SEEN_BYTES_MAX) return clocks;
    const decoder = decoding.createDecoder(bytes);
    const count = decoding.readVarUint(decoder);
    for (let index = 0; index < count; index++) {
      clocks.set(decoding.readVarUint(decoder), decoding.readVarUint(decoder));
    }
  } catch {
    // Half a vector would claim half of what it meant: better none, and a conflict too many.
    return new Map();
  }
  return clocks;
}
