// Whether each new value of an update may be kept: declared field, schema, role. What is refused loses; it
// never blocks what comes after it.
import type {AdmittedElement, MapElement, TextDelete, TextElement} from './admitted.ts';
import {unstorable} from './any-reader.ts';
import {authorizeWrite} from './authorize.ts';
import {isItemId, parseFieldValue} from './entities/fields.ts';
import type {Entity, Field, ItemsField, SetField} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {takeNewKey, type Merge} from './merge.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {SEEN_BYTES_MAX, TEXT_LENGTH_MAX, VALUE_BYTES_MAX} from './protocol/limits.ts';
import {DELETED_AT} from './record.ts';

/** A map value in normal form with its device clock, or why it is refused. */
export type JudgedValue =
  | {readonly ok: true; readonly at: number; readonly value: JsonValue; readonly seen: string | null}
  | {readonly ok: false; readonly code: ErrorCode}
  /** Arrived without its value; only its place in history is known. */
  | {readonly ok: null};

export interface Judgement {
  readonly values: ReadonlyMap<MapElement, JudgedValue>;
  /** Every refused element, texts included. */
  readonly refused: ReadonlyMap<AdmittedElement, ErrorCode>;
  /** Text deletes that the role may not make: what they delete is written again. */
  readonly refusedDeletes: readonly TextDelete[];
}

export interface JudgeInput {
  readonly elements: readonly AdmittedElement[];
  readonly textDeletes: readonly TextDelete[];
  readonly ownClients: ReadonlySet<number>;
}

export function judge(merge: Merge, input: JudgeInput): Judgement {
  const values = new Map<MapElement, JudgedValue>();
  const refused = new Map<AdmittedElement, ErrorCode>();
  // By root, as the update makes them grow: many short pieces must not pass where one long one would not.
  const lengths = new Map<string, number>();
  for (const element of input.elements) {
    if (element.kind === 'map') {
      const judged = judgeMap(merge, element);
      values.set(element, judged);
      if (judged.ok === false) refused.set(element, judged.code);
    } else {
      const code = judgeText(merge, element, {ownClients: input.ownClients, lengths});
      if (code !== null) refused.set(element, code);
    }
  }
  const refusedDeletes = input.textDeletes.filter((range) => !mayDeleteText(merge, range, input.ownClients));
  return {values, refused, refusedDeletes};
}

function judgeMap(merge: Merge, element: MapElement): JudgedValue {
  const judged = judgeValue(merge.record.entity, element);
  if (judged.ok === false) return judged;
  if (isNewInFrozen(merge, element)) return refuse('frozen');
  if (element.root.kind !== 'fields' && isNewKey(merge, element) && !takeNewKey(merge, element.root.field)) {
    return refuse('invalid_value');
  }
  const code = authorize(merge, fieldOf(element), judged.ok === null ? null : judged.value);
  return code === null ? judged : {ok: false, code};
}

/** A frozen key keeps its write when it meets another; one that was never written must not begin now. */
const isNewInFrozen = (merge: Merge, element: MapElement): boolean =>
  merge.record.created !== null &&
  !merge.record.writes.has(element.key) &&
  merge.frozen.has(fieldOf(element));

/** A run of writes to one new member counts as many; what is told apart later would only be let in. */
const isNewKey = (merge: Merge, element: MapElement): boolean => !merge.record.writes.has(element.key);

const fieldOf = (element: MapElement): string =>
  element.root.kind === 'fields' ? element.entry : element.root.field;

const authorize = (merge: Merge, field: string, value: JsonValue): ErrorCode | null =>
  authorizeWrite(merge.context.actor, merge.record.entity, {
    field,
    value,
    before: merge.before,
    creating: merge.record.created === null,
  });

const refuse = (code: ErrorCode): JudgedValue => ({ok: false, code});

function judgeValue(entity: Entity, element: MapElement): JudgedValue {
  const isDelete = element.root.kind === 'fields' && element.entry === DELETED_AT;
  const field = isDelete ? undefined : declaredField(entity, element);
  if (typeof field === 'string') return refuse(field);
  if (element.value === undefined) return {ok: null};
  // A delete may carry a whole state vector of what its device had seen.
  const bytesMax = isDelete ? SEEN_BYTES_MAX * 2 : VALUE_BYTES_MAX;
  if (element.value === unstorable || element.slice[1] - element.slice[0] > bytesMax) {
    return refuse('invalid_value');
  }
  const pair = element.value;
  if (!Array.isArray(pair) || pair.length !== 2) return refuse('invalid_value');
  const [at, value] = pair as [JsonValue, JsonValue];
  if (typeof at !== 'number' || at < 0 || at > Number.MAX_SAFE_INTEGER) return refuse('invalid_value');
  return field === undefined ? judgeDelete(at, value) : judgeField(field, element.entry, {at, value});
}

function declaredField(entity: Entity, element: MapElement): Field | ErrorCode {
  const name = fieldOf(element);
  const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
  if (field === undefined) return 'unknown_field';
  if (element.root.kind !== 'fields') return field;
  if (field.kind === 'server' || field.kind === 'derived') return 'read_only_field';
  return field.kind === 'register' ? field : 'unknown_field';
}

function judgeDelete(at: number, value: JsonValue): JudgedValue {
  if (value === null) return {ok: true, at, value: null, seen: null};
  if (typeof value !== 'object' || Array.isArray(value)) return refuse('invalid_value');
  const {seen} = value as JsonObject;
  if (
    seen !== undefined &&
    seen !== null &&
    (typeof seen !== 'string' || seen.length > SEEN_BYTES_MAX * 1.4)
  ) {
    return refuse('invalid_value');
  }
  return {ok: true, at, value: 'deleted', seen: seen ?? null};
}

function judgeField(field: Field, entry: string, {at, value}: {at: number; value: JsonValue}): JudgedValue {
  if (field.kind === 'set') return judgeMember(field, entry, {at, value});
  if (field.kind === 'items') return judgeItem(field, entry, {at, value});
  if (value === null) {
    const required = field.kind === 'register' && field.required;
    return required ? refuse('required_field') : {ok: true, at, value: null, seen: null};
  }
  const parsed = parseFieldValue(field, value);
  return parsed.ok ? {ok: true, at, value: parsed.value, seen: null} : refuse('invalid_value');
}

function judgeMember(
  field: SetField,
  entry: string,
  {at, value}: {at: number; value: JsonValue},
): JudgedValue {
  if (value !== null && value !== true) return refuse('invalid_value');
  const parsed = parseFieldValue(field, entry);
  // Two spellings of one member would be two keys.
  if (!parsed.ok || parsed.value !== entry) return refuse('invalid_value');
  return {ok: true, at, value, seen: null};
}

function judgeItem(
  field: ItemsField,
  entry: string,
  {at, value}: {at: number; value: JsonValue},
): JudgedValue {
  if (!isItemId(entry)) return refuse('invalid_value');
  if (value === null) return {ok: true, at, value: null, seen: null};
  const parsed = parseFieldValue(field, value);
  return parsed.ok ? {ok: true, at, value: parsed.value, seen: null} : refuse('invalid_value');
}

// Line breaks and tabs are text; other control characters are refused as in every other field.
// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

function judgeText(
  merge: Merge,
  element: TextElement,
  {ownClients, lengths}: {ownClients: ReadonlySet<number>; lengths: Map<string, number>},
): ErrorCode | null {
  const {field} = element.root;
  const code = authorize(merge, field, null);
  if (code !== null) return code;
  if (
    isAppendOnly(merge, field) &&
    element.rightOrigin !== null &&
    !ownClients.has(element.rightOrigin.client)
  ) {
    return 'forbidden_field';
  }
  if (element.text === null) return null;
  if (controlCharacter.test(element.text)) return 'invalid_value';
  const {name} = element.root;
  const length = (lengths.get(name) ?? merge.record.doc.getText(name).length) + element.length;
  if (length > TEXT_LENGTH_MAX) return 'invalid_value';
  lengths.set(name, length);
  return null;
}

function mayDeleteText(merge: Merge, range: TextDelete, ownClients: ReadonlySet<number>): boolean {
  const {field} = range.root;
  if (authorize(merge, field, null) !== null) return false;
  return !isAppendOnly(merge, field) || ownClients.has(range.client);
}

const isAppendOnly = (merge: Merge, field: string): boolean =>
  merge.context.actor.role === 'employee' &&
  merge.record.created !== null &&
  merge.record.entity.employee.appendsOnly.includes(field);
