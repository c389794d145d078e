// A JSON change while it is being read: the edits found so far, and what is wrong with it.
import type {Actor, Base, JsonChange} from './change.ts';
import {parseFieldValue} from './entities/fields.ts';
import type {Field} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {VALUE_BYTES_MAX} from './protocol/limits.ts';
import type {RecordState} from './record.ts';
import type {WriteId} from './write.ts';

export interface KeyEdit {
  readonly kind: 'key';
  readonly key: string;
  readonly field: string;
  readonly value: JsonValue;
  /** One of a set or list that travels whole, so that its author need not have touched it. */
  readonly isListed?: true;
  /** The device's clock at the write, ms; absent: the change's. */
  readonly at?: number;
  /** A write that its author had seen, whatever the change's base says. */
  readonly over?: WriteId | null;
}

/** Replace `remove` UTF-16 units at `index` of a text by `insert`. */
export interface TextEdit {
  readonly kind: 'text';
  readonly field: string;
  readonly index: number;
  readonly remove: number;
  readonly insert: string;
}

/** `deleted`: true deletes the record, false restores it. */
export interface DeleteEdit {
  readonly kind: 'delete';
  readonly deleted: boolean;
  /** As of a KeyEdit. */
  readonly at?: number;
}

export type Edit = KeyEdit | TextEdit | DeleteEdit;

/** The feed position up to which the change's author had seen the writes of a field. */
export function seenUpTo(base: Base, field: string): number {
  if (base.kind === 'current') return Infinity;
  if (base.kind === 'cursor') return base.seq;
  return Object.hasOwn(base.seqs, field) ? (base.seqs[field] ?? base.fallback) : base.fallback;
}

export interface Reading {
  readonly record: RecordState;
  readonly change: JsonChange;
  readonly actor: Actor;
  readonly before: () => JsonObject;
  readonly edits: Edit[];
  readonly faults: {
    readonly field: string;
    readonly code: ErrorCode;
    readonly message: string;
    readonly current?: string;
  }[];
}

export const fault = (reading: Reading, field: string, code: ErrorCode, message: string): void => {
  reading.faults.push({field, code, message});
};

/** Undefined, with a fault noted, for a value that its field does not take. */
export function parseOne(
  reading: Reading,
  name: string,
  {field, value}: {field: Field; value: JsonValue},
): JsonValue | undefined {
  const parsed = parseFieldValue(field, value);
  if (!parsed.ok) {
    fault(reading, name, 'invalid_value', parsed.message);
    return undefined;
  }
  if (typeof parsed.value === 'object' && JSON.stringify(parsed.value).length > VALUE_BYTES_MAX) {
    fault(reading, name, 'invalid_value', `must be at most ${VALUE_BYTES_MAX} bytes long`);
    return undefined;
  }
  return parsed.value;
}
