// Loaded documents of one node, by record. An entry's live document is the lane's alone; `committed` is what
// everyone else may read. Bounded by bytes; the record unused longest leaves first.
import type {RecordState} from '#crdt/record.ts';
import type {RecordKey} from '#db/records.ts';

export interface CachedRecord {
  readonly record: RecordState;
  readonly version: number;
  readonly seq: number;
  readonly updatedAt: Date;
  /** Yjs V1 state as committed, of `record.generation`. */
  readonly state: Uint8Array;
}

export interface RecordCache {
  get(tenantId: string, key: RecordKey): CachedRecord | undefined;
  put(tenantId: string, key: RecordKey, entry: CachedRecord): void;
  /** After a failed or unknown commit: the live document may hold what was never stored. */
  drop(tenantId: string, key: RecordKey): void;
  clear(): void;
  stats(): {readonly records: number; readonly bytes: number; readonly hits: number; readonly misses: number};
}

// A live document takes several times its encoded size; measured on records of a dozen fields.
const BYTES_PER_ENCODED_BYTE = 8;
const BYTES_PER_RECORD = 4096;

const keyOf = (tenantId: string, {entity, id}: RecordKey): string => `${tenantId}/${entity}/${id}`;
const sizeOf = (entry: CachedRecord): number =>
  BYTES_PER_RECORD + entry.state.length * BYTES_PER_ENCODED_BYTE;

export function createRecordCache(bytesMax: number): RecordCache {
  const entries = new Map<string, {entry: CachedRecord; size: number}>();
  let bytes = 0;
  let hits = 0;
  let misses = 0;
  const remove = (key: string): void => {
    bytes -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get(tenantId, recordKey) {
      const key = keyOf(tenantId, recordKey);
      const held = entries.get(key);
      if (held === undefined) {
        misses++;
        return undefined;
      }
      hits++;
      // A map keeps the order of insertion: set anew, the first key is the one unused longest.
      entries.delete(key);
      entries.set(key, held);
      return held.entry;
    },
    put(tenantId, recordKey, entry) {
      const key = keyOf(tenantId, recordKey);
      remove(key);
      const size = sizeOf(entry);
      entries.set(key, {entry, size});
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= bytesMax || oldest === key) break;
        remove(oldest);
      }
    },
    drop: (tenantId, recordKey) => remove(keyOf(tenantId, recordKey)),
    clear() {
      entries.clear();
      bytes = 0;
    },
    stats: () => ({records: entries.size, bytes, hits, misses}),
  };
}
