// What a floor that stores does with what it is sent: floor-pg keeps the bytes (floor-append.ts), floor-merge keeps
// documents (floor-merge.ts).
import type {TaskUpdate} from './peer.ts';

/** A change over REST: values by field of one record, by its UUID. */
export interface FloorChange {
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FloorStore {
  /** Resolves when all of them are committed. */
  commit(updates: readonly TaskUpdate[]): Promise<void>;
  /** Resolves with one result per change when all are committed. */
  upsert(changes: readonly FloorChange[]): Promise<readonly {readonly id: string}[]>;
  /** Records past a position, in order; null where the floor takes no part in catching up. */
  readonly select: ((query: URLSearchParams) => Promise<unknown>) | null;
}
