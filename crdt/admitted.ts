// What the guard yields: the new elements of an update, resolved to the keys and texts they touch.
import type {AnyValue} from './any-reader.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import type {RootSpec} from './roots.ts';
import type {ItemId, ParsedRange} from './update-reader.ts';

/** One new value of one key, or a run of them that arrived collected (`value` undefined, `length` above 1). */
export interface MapElement {
  readonly kind: 'map';
  readonly key: string;
  readonly root: RootSpec;
  readonly entry: string;
  readonly client: number;
  readonly clock: number;
  readonly length: number;
  readonly origin: ItemId | null;
  /** Undefined: the device had collected it, or deleted it again, before it was sent. */
  readonly value: AnyValue | undefined;
  /** Where the encoded value stands in the update's bytes. */
  readonly slice: readonly [number, number];
}

/** One new stretch of a text. `text` null: deleted again before it was sent. */
export interface TextElement {
  readonly kind: 'text';
  readonly root: RootSpec;
  readonly client: number;
  readonly clock: number;
  readonly length: number;
  readonly origin: ItemId | null;
  readonly rightOrigin: ItemId | null;
  readonly text: string | null;
}

export type AdmittedElement = MapElement | TextElement;

/** A stretch of known, live items of a text that the update deletes. */
export interface TextDelete {
  readonly root: RootSpec;
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/**
 * A live map entry that the update deletes: a stock `Y.Map.delete`, if it is still live when the update's items
 * are integrated; else they overwrote it.
 */
export interface MapDelete {
  readonly key: string;
  readonly root: RootSpec;
  readonly entry: string;
  readonly id: ItemId;
}

export interface Admitted {
  readonly bytes: Uint8Array;
  /** New elements only, in clock order per client. */
  readonly elements: readonly AdmittedElement[];
  readonly textDeletes: readonly TextDelete[];
  readonly mapDeletes: readonly MapDelete[];
  /** The deleted ranges among the update's own new items: a value written and deleted again. */
  readonly deletedNew: readonly ParsedRange[];
}

export type GuardResult =
  | {readonly kind: 'admitted'; readonly admitted: Admitted}
  /** Builds on something the server lacks: nothing is kept, the device is told the server's state. */
  | {readonly kind: 'need'}
  | {readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string};

/** The update is refused whole. Thrown inside the guard, never out of it. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
/** The update builds on something the document lacks. */
export class Gap extends Error {}
