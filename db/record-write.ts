// What a commit writes of one record: its sealed document and its typed row.
import type {JsonObject} from '#crdt/json.ts';
import type {RecordKey} from './records.ts';

/** One record as it is after the group. `place`: which of the group's positions it gets, from 1. */
export interface RecordWrite extends RecordKey {
  readonly place: number;
  readonly isNew: boolean;
  readonly version: number;
  readonly generation: number;
  /** Sealed to `version`, as `memory` is. */
  readonly body: Uint8Array;
  readonly memory: Uint8Array;
  /** Fields in normal form. Of sensitive ones only what `sealed` and `hashes` have is written. */
  readonly fields: JsonObject;
  /** Sealed sensitive fields; null clears, absent leaves as it is. */
  readonly sealed: Readonly<Record<string, Uint8Array | null>>;
  /** Fingerprints of findable fields, of those that `sealed` has. */
  readonly hashes: Readonly<Record<string, Uint8Array | null>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedBy: string;
  readonly deletedAt: string | null;
}
