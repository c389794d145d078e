// What the merge remembers of the writes to one key: who wrote the value now shown, under which Yjs items
// it is shown, and which equal writes joined it. Stored beside the document, never inside it.
import type {JsonValue} from './json.ts';
import type {ItemId} from './update-reader.ts';

/**
 * A write's name for ever: `generation.client.clock` of its item, or `device/change` for a JSON write
 * that has no item of its own.
 */
export type WriteId = string;

export const itemWriteId = (generation: number, id: ItemId): WriteId =>
  `${generation}.${id.client}.${id.clock}`;

/** One device's write of a value. `at`: its own clock, ms. `eff`: the effective stamp, ms, what winners are judged by. */
export interface Part {
  readonly id: WriteId;
  readonly device: string;
  readonly user: string;
  readonly at: number;
  readonly eff: number;
  /** Feed position of the commit that brought it; at or above PENDING_SEQ until that commit is done. */
  seq: number;
}

/** The write whose value a key shows. */
export interface Write extends Part {
  /** The field's normal form; null is cleared or removed. */
  readonly value: JsonValue;
  /** Items that show it: its own, restatements, concurrent equal writes. Oldest first, capped. */
  readonly carriers: readonly ItemId[];
  /** Every write that it stands for, itself first. */
  readonly parts: readonly Part[];
  /** What it replaced, kept to name the common base of a later conflict. */
  readonly prior: Prior | null;
}

export interface Prior {
  readonly value: JsonValue;
  readonly carriers: readonly ItemId[];
  seq: number;
}

/**
 * A device's last insertion into one text field, which a delete of the record may have to answer to, or its
 * last deletion there, which only makes an older copy of the text stale.
 */
export interface TextWrite extends Part {
  readonly kind: 'insert' | 'delete';
  readonly field: string;
}

/**
 * Feed positions are given out when a group commits; until then a write carries its place in the group
 * above this. Larger than any cursor, so nobody can claim to have seen it.
 */
export const PENDING_SEQ = 2 ** 50;

export const isWriter = (write: Write, device: string): boolean =>
  write.parts.some((part) => part.device === device);

export const hasCarrier = (carriers: readonly ItemId[], id: ItemId | null): boolean =>
  id !== null && carriers.some((carrier) => carrier.clock === id.clock && carrier.client === id.client);
