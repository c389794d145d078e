// Reads a JSON change into edits of single keys, all or nothing: what the payload means for sets, items and
// texts, given what the device had seen.
import {generateKeyBetween} from 'fractional-indexing';
import {authorizeCreate, authorizeWrite} from './authorize.ts';
import type {Actor, Base, ChangeError, JsonChange} from './change.ts';
import {parseFieldValue, requiredFields} from './entities/fields.ts';
import type {Field, ItemsField, SetField} from './entities/entity.ts';
import {isEqualJson, isStorableJson, type JsonObject, type JsonValue} from './json.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {MEMBERS_MAX, VALUE_BYTES_MAX, VALUE_DEPTH_MAX, VALUE_NODES_MAX} from './protocol/limits.ts';
import {DELETED_AT, liveEntries, type RecordState} from './record.ts';
import {diffText} from './text.ts';
import {isWriter} from './write.ts';

export interface KeyEdit {
  readonly kind: 'key';
  readonly key: string;
  readonly field: string;
  readonly value: JsonValue;
  /** One of a set or list that travels whole, so that its author need not have touched it. */
  readonly isListed?: true;
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
}

export type Edit = KeyEdit | TextEdit | DeleteEdit;
export type EditsResult =
  {readonly ok: true; readonly edits: readonly Edit[]} | {readonly ok: false; readonly error: ChangeError};

/** The feed position up to which the change's author had seen the writes of a field. */
export function seenUpTo(base: Base, field: string): number {
  if (base.kind === 'current') return Infinity;
  if (base.kind === 'cursor') return base.seq;
  return Object.hasOwn(base.seqs, field) ? (base.seqs[field] ?? base.fallback) : base.fallback;
}

interface Reading {
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

export function readEdits(
  record: RecordState,
  change: JsonChange,
  {actor, before}: {actor: Actor; before: () => JsonObject},
): EditsResult {
  const reading: Reading = {record, change, actor, before, edits: [], faults: []};
  if (!record.entity.writable)
    return failed({field: '', code: 'read_only_entity', message: 'Only the server writes this entity.'});
  if (change.op === 'delete') {
    if (record.created === null)
      return failed({field: '', code: 'not_found', message: 'There is no such record to delete.'});
    readDeleted(reading, true);
  } else {
    for (const [name, value] of Object.entries(change.payload)) readField(reading, name, value);
    if (record.created === null) checkCreation(reading);
  }
  const fault = reading.faults[0];
  return fault === undefined ? {ok: true, edits: reading.edits} : failed(...reading.faults);
}

function failed(...faults: Reading['faults']): EditsResult {
  const [first] = faults;
  const fields = Object.fromEntries(
    faults.filter(({field}) => field !== '').map(({field, message}) => [field, message]),
  );
  return {
    ok: false,
    error: {
      code: first?.code ?? 'bad_request',
      message:
        first === undefined || first.field === ''
          ? (first?.message ?? '')
          : `${first.field}: ${first.message}`,
      ...(Object.keys(fields).length === 0 ? {} : {fields}),
      ...(first?.current === undefined ? {} : {current: first.current}),
    },
  };
}

const fault = (reading: Reading, field: string, code: ErrorCode, message: string): void => {
  reading.faults.push({field, code, message});
};

const commonFields: ReadonlySet<string> = new Set([
  'createdAt',
  'createdBy',
  'updatedAt',
  'updatedBy',
  'seq',
]);

function readField(reading: Reading, name: string, value: unknown): void {
  const {record} = reading;
  if (name === 'id' && value === record.id) return;
  if (name === DELETED_AT) {
    if (value === null || typeof value === 'string') readDeleted(reading, value !== null);
    else fault(reading, name, 'invalid_value', 'must be null, or an instant');
    return;
  }
  if (name === 'id' || commonFields.has(name)) {
    fault(reading, name, 'read_only_field', 'is written by the server');
    return;
  }
  const field = Object.hasOwn(record.entity.fields, name) ? record.entity.fields[name] : undefined;
  if (field === undefined) {
    fault(reading, name, 'unknown_field', `is no field of ${record.entity.name}`);
  } else if (field.kind === 'server' || field.kind === 'derived') {
    fault(reading, name, 'read_only_field', 'is written by the server');
  } else if (!isStorable(value)) {
    fault(
      reading,
      name,
      'invalid_value',
      'must be plain JSON of moderate size, without NUL or broken Unicode',
    );
  } else if (mayWrite(reading, name, value)) {
    readDeclared(reading, name, {field, value});
  }
}

function readDeleted(reading: Reading, deleted: boolean): void {
  if (mayWrite(reading, DELETED_AT, deleted ? 'deleted' : null))
    reading.edits.push({kind: 'delete', deleted});
}

// A whole set or list of items may hold many values of the size allowed to one.
const isStorable = (value: unknown): value is JsonValue =>
  isStorableJson(value, {depth: VALUE_DEPTH_MAX + 1, nodes: VALUE_NODES_MAX * 20});

function mayWrite(reading: Reading, field: string, value: JsonValue): boolean {
  const {record, actor, before} = reading;
  const code = authorizeWrite(actor, record.entity, {
    field,
    value,
    before,
    creating: record.created === null,
  });
  if (code !== null) fault(reading, field, code, 'may not be written by this role');
  return code === null;
}

function readDeclared(reading: Reading, name: string, given: {field: Field; value: JsonValue}): void {
  const {field, value} = given;
  switch (field.kind) {
    case 'register':
      if (value === null) {
        if (field.required) fault(reading, name, 'required_field', 'may not be cleared');
        else reading.edits.push({kind: 'key', key: name, field: name, value: null});
      } else {
        const parsed = parseOne(reading, name, {field, value});
        if (parsed !== undefined) reading.edits.push({kind: 'key', key: name, field: name, value: parsed});
      }
      break;
    case 'set':
      readSet(reading, name, {field, value});
      break;
    case 'items':
      readItems(reading, name, {field, value});
      break;
    case 'text':
      readText(reading, name, value);
      break;
    case 'server':
    case 'derived':
      break;
  }
}

function parseOne(
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

function readList(reading: Reading, name: string, value: JsonValue): readonly JsonValue[] | null {
  const list = value ?? [];
  if (Array.isArray(list) && list.length <= MEMBERS_MAX) return list as readonly JsonValue[];
  fault(reading, name, 'invalid_value', `must be an array of at most ${MEMBERS_MAX}`);
  return null;
}

function readSet(reading: Reading, name: string, {field, value}: {field: SetField; value: JsonValue}): void {
  const list = readList(reading, name, value);
  if (list === null) return;
  const live = liveEntries(reading.record, name);
  const wanted = new Set<string>();
  for (const member of list) {
    const parsed = parseOne(reading, name, {field, value: member});
    if (typeof parsed !== 'string') continue;
    wanted.add(parsed);
    reading.edits.push({kind: 'key', key: `${name}/${parsed}`, field: name, value: true, isListed: true});
  }
  removeAbsent(reading, name, {live, wanted});
}

function readItems(
  reading: Reading,
  name: string,
  {field, value}: {field: ItemsField; value: JsonValue},
): void {
  const list = readList(reading, name, value);
  if (list === null) return;
  const live = liveEntries(reading.record, name);
  const given = readItemObjects(reading, name, list);
  if (given === null) return;
  const positions = placeItems(given, live);
  const wanted = new Set<string>();
  for (const [index, {id, members}] of given.entries()) {
    const parsed = parseOne(reading, name, {field, value: {...members, position: positions[index] ?? 'a0'}});
    if (parsed === undefined) continue;
    wanted.add(id);
    reading.edits.push({kind: 'key', key: `${name}/${id}`, field: name, value: parsed, isListed: true});
  }
  removeAbsent(reading, name, {live, wanted});
}

interface GivenItem {
  readonly id: string;
  readonly members: JsonObject;
}

const itemIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

function readItemObjects(reading: Reading, name: string, list: readonly JsonValue[]): GivenItem[] | null {
  const given: GivenItem[] = [];
  const ids = new Set<string>();
  for (const item of list) {
    const {id, ...members} = (
      item !== null && typeof item === 'object' && !Array.isArray(item) ? item : {}
    ) as JsonObject;
    if (typeof id !== 'string' || !itemIdPattern.test(id) || ids.has(id)) {
      fault(reading, name, 'invalid_value', 'must hold objects with an `id` of their own');
      return null;
    }
    ids.add(id);
    given.push({id, members});
  }
  return given;
}

/** Array order is what counts: a position is kept where it fits and made anew where it does not. */
function placeItems(given: readonly GivenItem[], live: ReadonlyMap<string, JsonValue>): string[] {
  const wished = given.map(({id, members}) => positionOf(members) ?? positionOf(live.get(id) ?? null));
  const placed: string[] = [];
  for (const [index, position] of wished.entries()) {
    const previous = placed.at(-1) ?? null;
    const fits = position !== null && (previous === null || position > previous);
    const next =
      wished.slice(index + 1).find((later) => later !== null && (previous === null || later > previous)) ??
      null;
    placed.push(fits ? position : keyBetween(previous, next));
  }
  return placed;
}

/** Positions that devices made by another scheme cannot be split; then the item goes to the end. */
function keyBetween(previous: string | null, next: string | null): string {
  try {
    return generateKeyBetween(previous, next);
  } catch {
    return previous === null ? 'a0' : `${previous}V`;
  }
}

function positionOf(item: JsonValue): string | null {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return null;
  const {position} = item as JsonObject;
  return typeof position === 'string' ? position : null;
}

/** What the array leaves out is removed only if its author knew of it: a stale list must not take others' additions back. */
function removeAbsent(
  reading: Reading,
  name: string,
  {live, wanted}: {live: ReadonlyMap<string, JsonValue>; wanted: ReadonlySet<string>},
): void {
  const {record, change, actor} = reading;
  for (const entry of live.keys()) {
    if (wanted.has(entry)) continue;
    const key = `${name}/${entry}`;
    const write = record.writes.get(key);
    if (write === undefined) continue;
    if (write.seq <= seenUpTo(change.base, name) || isWriter(write, actor.deviceId)) {
      reading.edits.push({kind: 'key', key, field: name, value: null});
    }
  }
}

function readText(reading: Reading, name: string, value: JsonValue): void {
  const {record, actor} = reading;
  const before = record.doc.getText(`text:${name}`).toJSON();
  const append = appendOf(value);
  const after = append === null ? value : before + append.normalize('NFC');
  if (typeof after !== 'string') {
    fault(reading, name, 'invalid_value', 'must be a string, or {"append": "..."}');
    return;
  }
  const parsed = parseOne(reading, name, {
    field: {kind: 'text', sensitive: false, description: ''},
    value: after,
  });
  if (parsed === undefined) return;
  if (append === null && isStale(reading, name) && after !== before) {
    const message = 'the text changed since the base of this edit';
    reading.faults.push({field: name, code: 'text_base_stale', message, current: before});
    return;
  }
  const edit = diffText(before, append === null && typeof parsed === 'string' ? parsed : after);
  const appends = edit.remove === 0 && edit.index === before.length;
  if (
    !appends &&
    actor.role === 'employee' &&
    record.created !== null &&
    record.entity.employee.appendsOnly.includes(name)
  ) {
    fault(reading, name, 'forbidden_field', 'may only be added to by this role');
    return;
  }
  if (edit.remove > 0 || edit.insert !== '') reading.edits.push({kind: 'text', field: name, ...edit});
}

function appendOf(value: JsonValue): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const {append} = value as JsonObject;
  return typeof append === 'string' && Object.keys(value).length === 1 ? append : null;
}

/** Whether another device changed the text after what the author had seen. */
function isStale({record, change, actor}: Reading, name: string): boolean {
  const upTo = seenUpTo(change.base, name);
  for (const write of record.textWrites.values()) {
    if (write.field === name && write.device !== actor.deviceId && write.seq > upTo) return true;
  }
  return false;
}

function checkCreation(reading: Reading): void {
  const {record, actor, edits} = reading;
  const given = Object.fromEntries(
    edits.flatMap((edit) => (edit.kind === 'key' && edit.key === edit.field ? [[edit.key, edit.value]] : [])),
  );
  for (const name of requiredFields(record.entity)) {
    const missing = (given[name] ?? null) === null && !reading.faults.some(({field}) => field === name);
    if (missing) fault(reading, name, 'required_field', 'is required');
  }
  const code = authorizeCreate(actor, record.entity, given);
  if (code !== null && reading.faults.length === 0)
    fault(reading, '', code, `This member may not create this ${record.entity.singular}.`);
}

/** Whether an edit would leave everything as it is; spares a look at who wrote it. */
export const isSameValue = (record: RecordState, edit: KeyEdit): boolean =>
  isEqualJson(record.writes.get(edit.key)?.value ?? null, edit.value);
