// One merge under way: what one change does to the keys of one record. Both paths, Yjs and JSON, decide
// their keys here, so that neither can drift from the other.
import type {AuditEntry, ChangeContext, ConflictSide, NewConflict, OverwriteEntry} from './change.ts';
import type {WinnerRule} from './entities/entity.ts';
import {isEqualJson, type JsonObject, type JsonValue} from './json.ts';
import {decide, type Decision} from './overwrite.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {CARRIERS_MAX, MEMBER_KEYS_MAX} from './protocol/limits.ts';
import {putPlainly} from './plain-document.ts';
import {DELETED_AT, fieldsOf, nextItem, type RecordState} from './record.ts';
import {entryOf} from './roots.ts';
import type {ItemId} from './update-reader.ts';
import {hasCarrier, type Part, type Prior, type TextWrite, type Write, type WriteId} from './write.ts';

/** The last write of the merging device to one key: what the current write is held against. */
export interface Tip extends Part {
  readonly key: string;
  readonly value: JsonValue;
}

export interface Merge {
  readonly record: RecordState;
  readonly context: ChangeContext;
  readonly conflicts: NewConflict[];
  readonly audit: AuditEntry[];
  /** Why, by field; or by key, of a member or item of it. */
  readonly refused: Map<string, ErrorCode>;
  /** Tips of every key but `deletedAt`, and of texts: what an edit of a deleted record is judged by. */
  readonly tips: Tip[];
  /** Keys that each set or items field has, counted when first asked for. */
  readonly keyCounts: Map<string, number>;
  /** Something beside the document changed: a write joined. */
  remembered: boolean;
  valuesLost: number;
  /** The fields as they were before the merge. */
  readonly before: () => JsonObject;
  /** Fields frozen by the state before the merge. */
  readonly frozen: ReadonlySet<string>;
}

export function beginMerge(record: RecordState, context: ChangeContext): Merge {
  const before = once(() => (record.created === null ? {} : fieldsOf(record)));
  // At once, not when first asked: by then a key of this merge may have changed the state that freezes.
  // Most entities' rule takes no state at all, and then there is nothing to read.
  const {frozen: rule, keeps} = record.entity;
  const isStateless = record.created === null || (rule.length === 0 && keeps === undefined);
  const frozen = new Set(isStateless ? [] : rule(before()));
  return {
    record,
    context,
    conflicts: [],
    audit: [],
    refused: new Map(),
    tips: [],
    keyCounts: new Map(),
    remembered: false,
    valuesLost: 0,
    before,
    frozen,
  };
}

/** Names a field once, with the first reason. */
export function refuse(merge: Merge, field: string, code: ErrorCode): void {
  if (!merge.refused.has(field)) merge.refused.set(field, code);
}

/** Whether a set or items field may take one more key; counts it if so. */
export function takeNewKey(merge: Merge, field: string): boolean {
  const prefix = `${field}/`;
  let count = merge.keyCounts.get(field);
  if (count === undefined) {
    count = 0;
    for (const key of merge.record.writes.keys()) if (key.startsWith(prefix)) count++;
  }
  const fits = count < MEMBER_KEYS_MAX;
  merge.keyCounts.set(field, fits ? count + 1 : count);
  return fits;
}

function once<T>(make: () => T): () => T {
  let made: {value: T} | null = null;
  return () => (made ??= {value: make()}).value;
}

/** How the merging device relates to what a key shows. */
export interface Meeting {
  readonly seen: boolean;
  readonly path: 'yjs' | 'json' | 'late';
  /** The item that carries the tip; null for a JSON write, which has none yet. */
  readonly carrier: ItemId | null;
  /** The name a JSON write gets if it wins: the item that the server then writes for it. */
  readonly itemId: WriteId | null;
  /** The value both sides had seen; undefined where unknown. */
  readonly base: JsonValue | undefined;
}

/**
 * Decides one key and records the outcome. The document is not touched: after a `win` of a JSON write, or
 * where Yjs shows another item, the caller writes or restates.
 */
export function settleKey(merge: Merge, tip: Tip, meeting: Meeting): Decision['kind'] {
  const {record} = merge;
  const current = record.writes.get(tip.key);
  const field = entryOf(record.entity, tip.key).field;
  const equal = current !== undefined && isEqualValue(tip.key, current.value, tip.value);
  if (current !== undefined && isFrozen(merge, field, {current, value: tip.value})) {
    return settleFrozen(merge, current, {tip, meeting, equal, field});
  }
  const decision = decide(
    current,
    {value: tip.value, equal, device: tip.device, eff: tip.eff, seen: meeting.seen, path: meeting.path},
    winnerRule(merge, field),
  );
  const decided = decision.kind === 'win' ? {...tip, eff: decision.eff, id: meeting.itemId ?? tip.id} : tip;
  if (tip.key !== DELETED_AT && decision.kind !== 'none') merge.tips.push(decided);
  switch (decision.kind) {
    case 'none':
      return 'none';
    case 'join':
      if (current !== undefined) join(merge, current, tip, meeting.carrier);
      return 'join';
    case 'win':
      if (decision.conflict && current !== undefined) {
        addConflict(merge, tip.key, [
          overwrite(sideOf(tip.key, decided), sideOf(tip.key, current), meeting.base),
        ]);
      }
      replace(merge, current, decided, meeting.carrier);
      return 'win';
    case 'lose':
      if (decision.conflict && current !== undefined) {
        addConflict(merge, tip.key, [
          overwrite(sideOf(tip.key, current), sideOf(tip.key, tip), meeting.base),
        ]);
      }
      return 'lose';
  }
}

/** Of `deletedAt` only whether it is null counts (R13). */
const isEqualValue = (key: string, a: JsonValue, b: JsonValue): boolean =>
  key === DELETED_AT ? (a === null) === (b === null) : isEqualJson(a, b);

function winnerRule(merge: Merge, field: string): WinnerRule {
  const declared = merge.record.entity.fields[field];
  return declared?.kind === 'register' ? declared.winner : {kind: 'latest'};
}

function isFrozen(
  {record: {entity, created}, frozen, before}: Merge,
  field: string,
  {current, value}: {current: Write; value: JsonValue},
): boolean {
  const declared = entity.fields[field];
  if (declared?.kind === 'register' && declared.fixed && current.value !== null) return true;
  return frozen.has(field) || (created !== null && entity.keeps?.(before(), field, value) === true);
}

/** A frozen key keeps what it has; what was meant to replace it is recorded all the same. */
function settleFrozen(
  merge: Merge,
  current: Write,
  {tip, meeting, equal, field}: {tip: Tip; meeting: Meeting; equal: boolean; field: string},
): 'join' | 'lose' | 'none' {
  if (equal) {
    if (meeting.carrier === null) return 'none';
    join(merge, current, tip, meeting.carrier);
    merge.tips.push(tip);
    return 'join';
  }
  addConflict(merge, tip.key, [overwrite(sideOf(tip.key, current), sideOf(tip.key, tip), meeting.base)]);
  refuse(merge, field, 'frozen');
  return 'lose';
}

function join(merge: Merge, current: Write, tip: Tip, carrier: ItemId | null): void {
  merge.record.writes.set(tip.key, {
    ...current,
    eff: Math.max(current.eff, tip.eff),
    carriers: carrier === null ? current.carriers : withCarrier(current.carriers, carrier),
    parts: [...current.parts, partOf(tip)],
  });
  merge.record.unsettled.add(tip.key);
  merge.remembered = true;
}

/** Makes `tip` the current write of its key. */
export function replace(merge: Merge, current: Write | undefined, tip: Tip, carrier: ItemId | null): void {
  const {record} = merge;
  merge.audit.push({key: tip.key, before: current?.value ?? null, after: tip.value});
  record.writes.set(tip.key, {
    ...partOf(tip),
    value: tip.value,
    carriers: carrier === null ? [] : [carrier],
    parts: [partOf(tip)],
    prior: current === undefined ? null : priorOf(current),
  });
  record.unsettled.add(tip.key);
  merge.remembered = true;
}

// Enough to recognise a base in practice; one missed only means that no base is shown.
const PRIOR_CARRIERS_MAX = 8;

const priorOf = (write: Write): Prior => ({
  value: write.value,
  carriers: write.carriers.slice(-PRIOR_CARRIERS_MAX),
  seq: write.seq,
});

export const partOf = ({id, device, user, at, eff, seq}: Part): Part => ({id, device, user, at, eff, seq});

export const withCarrier = (carriers: readonly ItemId[], id: ItemId): readonly ItemId[] =>
  [...carriers, id].slice(-CARRIERS_MAX);

/** The value both sides of a Yjs overwrite had seen: what the current write replaced, if the tip builds on that too. */
export function commonBase(current: Write | undefined, base: ItemId | null): JsonValue | undefined {
  if (current === undefined) return undefined;
  // Only a frozen field has a conflict over what was seen.
  if (hasCarrier(current.carriers, base)) return current.value;
  if (current.prior === null) return base === null ? null : undefined;
  return hasCarrier(current.prior.carriers, base) ? current.prior.value : undefined;
}

export const sideOf = (key: string, write: Part & {value: JsonValue}): ConflictSide => ({
  field: key,
  value: write.value,
  device: write.device,
  user: write.user,
  at: write.at,
  eff: write.eff,
  writeId: write.id,
});

export const overwrite = (winner: ConflictSide, loser: ConflictSide, base?: JsonValue): OverwriteEntry => ({
  field: loser.field,
  winner,
  loser,
  ...(base === undefined ? {} : {base}),
});

export function addConflict(merge: Merge, key: string, entries: readonly OverwriteEntry[]): void {
  merge.conflicts.push({key, entries});
}

/** Remembers a device's latest insertion into a text. */
export function noteText(merge: Merge, write: TextWrite): void {
  rememberText(merge, `${write.field}/${write.device}`, write);
  merge.tips.push({...write, key: write.field, value: null});
}

/** Remembers that a device deleted from a text: whoever edits an older copy of it must look again. */
export function noteTextDelete(merge: Merge, field: string): void {
  const {actor, now, seq} = merge.context;
  const part = {id: '', device: actor.deviceId, user: actor.userId, at: now, eff: now, seq};
  rememberText(merge, `${field}/${actor.deviceId}/delete`, {...part, kind: 'delete', field});
}

function rememberText(merge: Merge, key: string, write: TextWrite): void {
  merge.record.textWrites.set(key, write);
  merge.record.unsettled.add(key);
  merge.remembered = true;
}

/** The value an item of the document shows for a write. */
export const shownValue = (key: string, write: Write): JsonValue =>
  key === DELETED_AT && write.value !== null ? {at: write.at, seen: ''} : write.value;

/**
 * Writes a key's current value into the document as the server's own item, which becomes a carrier. The
 * write keeps its seq: nobody has to see it again.
 */
export function restate(record: RecordState, key: string): void {
  const write = record.writes.get(key);
  if (write === undefined) return;
  const {root, entry} = entryOf(record.entity, key);
  const carrier = nextItem(record);
  const value = [write.at, shownValue(key, write)];
  if (record.plain?.edit) putPlainly(record.plain, key, value);
  else record.doc.getMap(root).set(entry, value);
  record.writes.set(key, {...write, carriers: withCarrier(write.carriers, carrier)});
  record.unsettled.add(key);
}
