// A manager takes back what a conflict decided. The keys are named as the merge names them, one member or item
// at a time, which no other JSON change can do. All or nothing: a restore is never itself a conflict.
import {captureDelta} from './capture-delta.ts';
import {nextItemId} from './apply-json.ts';
import {
  untouched,
  type ChangeContext,
  type ChangeError,
  type ChangeOutcome,
  type RestoreChange,
} from './change.ts';
import {deletedValue, settleDelete} from './deletion.ts';
import type {Entity} from './entities/entity.ts';
import {parseFieldValue} from './entities/fields.ts';
import {isEqualJson, isStorableJson, type JsonObject, type JsonValue} from './json.ts';
import {beginMerge, restate, settleKey, type Merge, type Tip} from './merge.ts';
import {outcomeOf} from './outcome.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {VALUE_DEPTH_MAX, VALUE_NODES_MAX} from './protocol/limits.ts';
import {DELETED_AT, deletedAtOf, type RecordState} from './record.ts';
import {entryOf} from './roots.ts';

type Restored =
  {readonly ok: true; readonly value: JsonValue} | {readonly ok: false; readonly error: ChangeError};

/** Managers only: it may write any member of any field that devices may write at all. */
export function applyRestore(
  record: RecordState,
  change: RestoreChange,
  context: ChangeContext,
): ChangeOutcome {
  if (record.created === null)
    return untouched('rejected', {code: 'not_found', message: 'There is no such record.'});
  if (context.actor.role !== 'manager')
    return untouched('rejected', {code: 'forbidden', message: 'Only a manager restores.'});
  const merge = beginMerge(record, context);
  const values = new Map<string, JsonValue>();
  for (const [key, given] of Object.entries(change.values)) {
    const read = readKeyValue(record.entity, key, given);
    const error = read.ok ? frozenError(merge, key, read.value) : read.error;
    if (error !== null) return untouched('rejected', error);
    if (read.ok) values.set(key, read.value);
  }
  const delta = captureDelta(record.doc, () => {
    record.doc.transact(() => {
      if (change.deleted !== undefined) restoreDeleted(merge, change, change.deleted);
      for (const [key, value] of values) restoreKey(merge, change, {key, value});
    });
  });
  return outcomeOf(merge, {delta, creating: false});
}

const refused = (key: string, code: ErrorCode, message: string): {ok: false; error: ChangeError} => ({
  ok: false,
  error: {code, message: `${key}: ${message}`, fields: {[key]: message}},
});

/** To the normal form of its field; null clears a register and removes a member or an item. */
export function readKeyValue(entity: Entity, key: string, given: unknown): Restored {
  const {entry, field: name} = entryOf(entity, key);
  const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
  const isMember = key !== name;
  if (field === undefined || isMember !== (field.kind === 'set' || field.kind === 'items'))
    return refused(key, 'unknown_field', `names nothing of ${entity.name} that can be restored`);
  if (field.kind === 'server' || field.kind === 'derived')
    return refused(key, 'read_only_field', 'is written by the server');
  if (field.kind === 'text') return refused(key, 'invalid_value', 'a text keeps every edit: edit it instead');
  if (!isStorableJson(given, {depth: VALUE_DEPTH_MAX, nodes: VALUE_NODES_MAX}))
    return refused(key, 'invalid_value', 'must be plain JSON of moderate size');
  if (given === null) {
    const isRequired = field.kind === 'register' && field.required;
    return isRequired ? refused(key, 'required_field', 'may not be cleared') : {ok: true, value: null};
  }
  if (field.kind === 'set') {
    const member = parseFieldValue(field, entry);
    if (!member.ok) return refused(key, 'invalid_value', member.message);
    if (member.value !== entry || given !== true)
      return refused(key, 'invalid_value', 'must be true, or null to remove it');
    return {ok: true, value: true};
  }
  const parsed = parseFieldValue(field, field.kind === 'items' ? withoutId(given) : given);
  return parsed.ok ? parsed : refused(key, 'invalid_value', parsed.message);
}

function withoutId(item: JsonValue): JsonValue {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return item;
  return Object.fromEntries(Object.entries(item as JsonObject).filter(([name]) => name !== 'id'));
}

/** Frozen keys keep what they have, whoever asks. */
function frozenError({record, frozen, before}: Merge, key: string, value: JsonValue): ChangeError | null {
  const current = record.writes.get(key)?.value ?? null;
  const name = entryOf(record.entity, key).field;
  const field = record.entity.fields[name];
  const isFixed = field?.kind === 'register' && field.fixed && current !== null;
  const isKept = isFixed || frozen.has(name) || record.entity.keeps?.(before(), name, value) === true;
  if (!isKept || isEqualJson(current, value)) return null;
  const message = 'the state of the record freezes this field';
  return {code: 'frozen', message: `${key}: ${message}`, fields: {[key]: message}};
}

function tipOf(merge: Merge, change: RestoreChange, write: {key: string; value: JsonValue}): Tip {
  const {actor, now, seq} = merge.context;
  const id = `${actor.deviceId}/${change.changeId}`;
  return {...write, id, device: actor.deviceId, user: actor.userId, at: now, eff: now, seq};
}

function restoreKey(merge: Merge, change: RestoreChange, write: {key: string; value: JsonValue}): void {
  const {record} = merge;
  const current = record.writes.get(write.key);
  if (current === undefined && write.value === null) return;
  const kind = settleKey(merge, tipOf(merge, change, write), {
    // Made on the current state: it replaces what is there, whatever that is.
    seen: true,
    path: 'json',
    carrier: null,
    itemId: nextItemId(record),
    base: undefined,
  });
  if (kind === 'win') restate(record, write.key);
}

function restoreDeleted(merge: Merge, change: RestoreChange, deleted: boolean): void {
  const {record} = merge;
  if (deleted === (deletedAtOf(record) !== null)) return;
  if (!deleted) {
    restoreKey(merge, change, {key: DELETED_AT, value: null});
    return;
  }
  const value = deletedValue(merge.context.now);
  const tip = {...tipOf(merge, change, {key: DELETED_AT, value}), id: nextItemId(record)};
  if (settleDelete(merge, tip, () => true) === 'win') restate(record, DELETED_AT);
}
