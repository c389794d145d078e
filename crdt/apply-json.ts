// A JSON change meets a record. It names no predecessor for its writes; `base`, the feed position its author
// had seen, stands in for that. A write that wins becomes an item of the server's own.
import {captureDelta} from './capture-delta.ts';
import {untouched, type ChangeContext, type ChangeOutcome, type JsonChange} from './change.ts';
import {deletedValue, settleDelete, settleEditOfDeleted} from './deletion.ts';
import {isEqualJson, type JsonValue} from './json.ts';
import {readEdits} from './json-edits.ts';
import {seenUpTo, type DeleteEdit, type Edit, type KeyEdit, type TextEdit} from './json-reading.ts';
import {
  beginMerge,
  noteText,
  noteTextDelete,
  refuse,
  restate,
  settleKey,
  takeNewKey,
  type Merge,
  type Tip,
} from './merge.ts';
import {outcomeOf} from './outcome.ts';
import {effectiveStamp} from './overwrite.ts';
import {overwritePlainly} from './plain-document.ts';
import {DELETED_AT, deletedAtOf, nextItem, type RecordState} from './record.ts';
import {isWriter, itemWriteId, type Write} from './write.ts';

export function applyJson(record: RecordState, change: JsonChange, context: ChangeContext): ChangeOutcome {
  const merge = beginMerge(record, context);
  const read = readEdits(record, change, {actor: context.actor, before: merge.before});
  if (!read.ok) return untouched('rejected', read.error);
  return applyEdits(merge, change, read.edits);
}

/** What the edits of a JSON change are made with. */
export type EditedBy = Pick<JsonChange, 'changeId' | 'at' | 'base'>;

export function applyEdits(merge: Merge, change: EditedBy, edits: readonly Edit[]): ChangeOutcome {
  const {record} = merge;
  const creating = record.created === null;
  const edit = (): void => settle(merge, change, edits);
  const plainly = settlePlainly(record, edits, edit);
  const delta = plainly === 'unable' ? captureDelta(record.doc, () => record.doc.transact(edit)) : plainly;
  return outcomeOf(merge, {delta, creating});
}

/** Edits that only put values over others, in a record that is not deleted, need no document. */
function settlePlainly(
  record: RecordState,
  edits: readonly Edit[],
  edit: () => void,
): ReturnType<typeof overwritePlainly> {
  const {plain} = record;
  if (plain === null || deletedAtOf(record) !== null) return 'unable';
  const keys = new Map<string, Write>();
  for (const one of edits) {
    const write = one.kind === 'key' ? record.writes.get(one.key) : undefined;
    if (one.kind !== 'key' || write === undefined || keys.has(one.key)) return 'unable';
    keys.set(one.key, write);
  }
  return overwritePlainly(plain, keys, edit);
}

function settle(merge: Merge, change: EditedBy, edits: readonly Edit[]): void {
  const {record} = merge;
  const deleted = record.writes.get(DELETED_AT);
  const wasDeleted = deletedAtOf(record) !== null;
  const hasSeenDelete = deleted !== undefined && deleted.seq <= seenUpTo(change.base, DELETED_AT);
  for (const edit of edits) {
    if (edit.kind === 'delete') settleDeleteEdit(merge, change, edit);
  }
  for (const edit of edits) {
    if (edit.kind === 'key') settleKeyEdit(merge, change, edit);
    else if (edit.kind === 'text') settleTextEdit(merge, edit);
  }
  settleEditOfDeleted(merge, wasDeleted, hasSeenDelete);
}

/** The name of the item that the server would write next. */
export const nextItemId = (record: RecordState): string => itemWriteId(record.generation, nextItem(record));

function tipOf(
  merge: Merge,
  change: EditedBy,
  {key, value, at = change.at}: Pick<KeyEdit, 'key' | 'value' | 'at'>,
): Tip {
  const {actor, offset, now, seq} = merge.context;
  return {
    key,
    value,
    id: `${actor.deviceId}/${change.changeId}`,
    device: actor.deviceId,
    user: actor.userId,
    at,
    eff: effectiveStamp({at, offset, now}),
    seq,
  };
}

function settleKeyEdit(merge: Merge, change: EditedBy, edit: KeyEdit): void {
  const {record} = merge;
  const current = record.writes.get(edit.key);
  // Clearing what was never written says nothing.
  if (current === undefined && edit.value === null) return;
  if (current === undefined && merge.frozen.has(edit.field)) {
    refuse(merge, edit.field, 'frozen');
    return;
  }
  if (current === undefined && edit.key !== edit.field && !takeNewKey(merge, edit.field)) {
    refuse(merge, edit.key, 'invalid_value');
    return;
  }
  const isOver = current?.parts.some(({id}) => id === edit.over) === true;
  const upTo = isOver ? current.seq : seenUpTo(change.base, edit.field);
  const tip = tipOf(merge, change, edit);
  if (edit.isListed === true && current !== undefined && isUntouched(current, {tip, upTo})) return;
  const kind = settleKey(merge, tip, {
    seen: current === undefined || current.seq <= upTo,
    path: merge.context.actor.isLate === true ? 'late' : 'json',
    carrier: null,
    itemId: nextItemId(record),
    base: baseValue(current, upTo),
  });
  if (kind === 'win') restate(record, edit.key);
}

/**
 * Whether a list only repeats what its author had pulled, while somebody else changed the entry: then the
 * author did not write it. Told by what the current write replaced; after two such changes it is not known,
 * and a conflict too many is logged.
 */
const isUntouched = (current: Write, {tip, upTo}: {tip: Tip; upTo: number}): boolean =>
  current.seq > upTo &&
  current.prior !== null &&
  current.prior.seq <= upTo &&
  isEqualJson(current.prior.value, tip.value) &&
  !isWriter(current, tip.device);

/** What both sides had seen: what the current write replaced, if the change's author had seen that. */
function baseValue(current: Write | undefined, upTo: number): JsonValue | undefined {
  if (current === undefined) return undefined;
  // Only a frozen field has a conflict over what was seen.
  if (current.seq <= upTo) return current.value;
  if (current.prior === null) return null;
  return current.prior.seq <= upTo ? current.prior.value : undefined;
}

function settleDeleteEdit(merge: Merge, change: EditedBy, edit: DeleteEdit): void {
  const {record} = merge;
  const upTo = seenUpTo(change.base, DELETED_AT);
  const stamp = tipOf(merge, change, {...edit, key: DELETED_AT, value: null});
  const tip = edit.deleted ? {...stamp, value: deletedValue(stamp.eff)} : stamp;
  if (edit.deleted && deletedAtOf(record) === null) {
    const itemId = nextItemId(record);
    if (settleDelete(merge, {...tip, id: itemId}, (part) => part.seq <= upTo) === 'win')
      restate(record, DELETED_AT);
    return;
  }
  settleKeyEdit(merge, change, {
    kind: 'key',
    key: DELETED_AT,
    field: DELETED_AT,
    value: tip.value,
    at: stamp.at,
  });
}

function settleTextEdit(merge: Merge, edit: TextEdit): void {
  const {record, context} = merge;
  const {actor, now, seq} = context;
  const text = record.doc.getText(`text:${edit.field}`);
  const id = nextItemId(record);
  if (edit.remove > 0) {
    text.delete(edit.index, edit.remove);
    noteTextDelete(merge, edit.field);
  }
  if (edit.insert !== '') {
    text.insert(edit.index, edit.insert);
    noteText(merge, {
      kind: 'insert',
      id,
      field: edit.field,
      device: actor.deviceId,
      user: actor.userId,
      at: now,
      eff: now,
      seq,
    });
  }
  merge.audit.push({key: edit.field, text: true});
}
