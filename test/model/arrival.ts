// What reaches the oracle and what it answers: writes by name, what their device showed just before, and the
// conflicts and refusals that must come of them.
import type {JsonValue} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';

export const DELETED_AT = 'deletedAt';

/** A write's name: its key and the device clock it is stamped with, which is unique in a history. */
export type WriteName = string;
export const nameOf = (key: string, at: number): WriteName => `${key}@${at}`;

/** What a delete says its device had seen. `items`: by document, so writes without an item are unknown. */
export interface SeenUpTo {
  readonly seq: number;
  readonly items: boolean;
}

/** One write as its device made it. */
export interface DeviceWrite {
  readonly name: WriteName;
  readonly key: string;
  readonly at: number;
  /** Normal form. For `deletedAt`, anything but null deletes. */
  readonly value: JsonValue;
  /** Why it must be refused, whatever the state; null if it may stand. */
  readonly code: ErrorCode | null;
  /** What the device showed for the key just before. */
  readonly shown: WriteName | null;
  /** For a delete of the record. */
  readonly seen: SeenUpTo | null;
  /** A list that leaves an entry out removes it only if its author knew what the entry now holds. */
  readonly onlyIfKnown: boolean;
  /** One of a list that travels whole: its author need not have touched it. */
  readonly isListed: boolean;
}

/** An insertion into a text. */
export interface TextInsert {
  readonly name: string;
  readonly field: string;
}

/** A `Y.Map.delete`: it names only what it removed. */
export interface EntryDelete {
  readonly key: string;
  readonly shown: WriteName;
  /** Whether the document still shows that very item when the delete arrives. */
  readonly live: boolean;
}

export interface Writer {
  readonly device: string;
  readonly employee: boolean;
  /** Server clock minus device clock, as measured. */
  readonly offset: number;
}

export interface Arrival extends Writer {
  readonly now: number;
  readonly seq: number;
  readonly path: 'yjs' | 'json';
  /** In the order the device made them. */
  readonly writes: readonly DeviceWrite[];
  readonly entryDeletes: readonly EntryDelete[];
  readonly texts: readonly TextInsert[];
  /** JSON: the write that the device showed for `deletedAt` at the edit. */
  readonly shownDelete: WriteName | null;
}

export interface Side {
  readonly key: string;
  readonly device: string;
  readonly eff: number;
  readonly value: JsonValue;
}

export interface ExpectedConflict {
  readonly key: string;
  /** One of these: equal stamps leave the choice of the one that is named open. */
  readonly winner: readonly Side[];
  /** All of these, or, if `anyLoser`, one. */
  readonly losers: readonly Side[];
  readonly anyLoser: boolean;
  /** What both had seen, where the current write directly replaced that; undefined: nothing, or unknown. */
  readonly base?: JsonValue;
}

export interface Expected {
  readonly conflicts: readonly ExpectedConflict[];
  readonly refused: readonly {readonly key: string; readonly code: ErrorCode}[];
}
