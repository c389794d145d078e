// What a merge must come to, worked out without Yjs and without the code under test. It knows no items,
// clocks or state vectors: every write carries the name of the write that its device *showed* for that key
// just before, and whether one write had seen another follows from those names alone.
import type {JsonValue} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import {
  DELETED_AT,
  nameOf,
  type Arrival,
  type DeviceWrite,
  type EntryDelete,
  type Expected,
  type Side,
  type WriteName,
  type Writer,
} from './arrival.ts';
import {settleDelete, settleEditOfDeleted} from './oracle-deletion.ts';
import {fieldOf, meet, noteTip, type Merge, type Oracle, type Part} from './oracle-key.ts';
import type {Vocabulary} from './vocabulary.ts';

export const createOracle = (vocabulary: Vocabulary): Oracle => ({
  vocabulary,
  specs: new Map(vocabulary.keys.map((spec) => [spec.key, spec])),
  current: new Map(),
  texts: new Map(),
  known: new Set(),
  refusedOver: new Map(),
});

export const valueOf = (oracle: Oracle, key: string): JsonValue => oracle.current.get(key)?.value ?? null;
export const shownName = (oracle: Oracle, key: string): WriteName | null =>
  oracle.current.get(key)?.name ?? null;

/** Whether every write of a JSON change would be allowed: one that is not takes the others with it. */
export const isAllowed = (oracle: Oracle, arrival: Arrival): boolean => {
  const may = (key: string, code: ErrorCode | null): boolean =>
    refusal(oracle, arrival, {key, code}) === null;
  return (
    arrival.writes.every(({key, code}) => may(key, code)) &&
    arrival.texts.every(({field}) => may(field, null))
  );
};

export const hasBegun = ({current}: Oracle): boolean => current.size > 0;

/** The required fields that a record begun by this arrival would not show: then nothing of it is kept (R15). */
export function lacking(oracle: Oracle, arrival: Arrival): string[] {
  const last = new Map(arrival.writes.map((write) => [write.key, write]));
  const isShown = (key: string): boolean => {
    const write = last.get(key);
    if (write === undefined || refusal(oracle, arrival, write) !== null) return false;
    return !arrival.entryDeletes.some(({shown}) => shown === write.name);
  };
  return oracle.vocabulary.keys
    .filter(({key, required}) => required && !isShown(key))
    .map(({field}) => field);
}

/** The writes of an arrival that were not known before; all of them the first time, none on redelivery. */
const newWrites = (oracle: Oracle, arrival: Arrival): readonly DeviceWrite[] =>
  arrival.writes.filter(({name}) => !oracle.known.has(name));

/** Merges what a device sent. Writes that arrived before count once (R1, R12). */
export function expectMerge(
  oracle: Oracle,
  arrival: Arrival,
  chooseTie: (sides: readonly Side[]) => number,
): Expected {
  const {vocabulary} = oracle;
  const frozen = new Set(vocabulary.frozen((key) => valueOf(oracle, key)));
  const before = new Map(oracle.current);
  const keeps: Merge['keeps'] = (field, value) =>
    vocabulary.keeps?.((key) => before.get(key)?.value ?? null, field, value) ?? false;
  const merge: Merge = {oracle, arrival, frozen, keeps, conflicts: [], refused: [], tips: [], chooseTie};
  const byKey = new Map<string, DeviceWrite[]>();
  for (const write of newWrites(oracle, arrival)) {
    byKey.set(write.key, [...(byKey.get(write.key) ?? []), write]);
    oracle.known.add(write.name);
  }
  const deletedBefore = oracle.current.get(DELETED_AT);
  const deletes = byKey.get(DELETED_AT);
  if (deletes !== undefined) settleWrites(merge, deletes);
  for (const [key, writes] of byKey) if (key !== DELETED_AT) settleWrites(merge, writes);
  for (const removed of arrival.entryDeletes) {
    if (removed.live && !byKey.has(removed.key)) settleEntryDelete(merge, removed);
  }
  const texts = arrival.texts.filter(({name}) => !oracle.known.has(name));
  for (const {name} of texts) oracle.known.add(name);
  for (const field of new Set(texts.map((text) => text.field))) settleText(merge, field);
  const wasDeleted = deletedBefore !== undefined && deletedBefore.value !== null;
  const sawDelete = deletedBefore?.parts.some(({name}) => name === arrival.shownDelete) ?? false;
  if (wasDeleted && !sawDelete) settleEditOfDeleted(merge);
  return {conflicts: merge.conflicts, refused: merge.refused};
}

const stampOf = ({arrival}: Merge, at: number): number => Math.min(at + arrival.offset, arrival.now);

function refusal(
  {vocabulary}: Oracle,
  {employee}: Writer,
  {key, code}: {key: string; code: ErrorCode | null},
): ErrorCode | null {
  if (code !== null) return code;
  return employee && !vocabulary.employeeWrites.includes(fieldOf(key)) ? 'forbidden_field' : null;
}

const refusalOf = (merge: Merge, key: string, code: ErrorCode | null): ErrorCode | null =>
  refusal(merge.oracle, merge.arrival, {key, code});

/** The device's writes to one key, in the order it made them; the last one counts (R2). */
function settleWrites(merge: Merge, writes: readonly DeviceWrite[]): void {
  const tip = writes.at(-1);
  if (tip === undefined) return;
  const {oracle} = merge;
  const byName = new Map(writes.map((write) => [write.name, write]));
  // Back through the writes of this arrival that it builds on: what did the device show before them (R3)?
  const stamps: number[] = [];
  let base: WriteName | null = tip.name;
  for (
    let write = byName.get(tip.name);
    write !== undefined;
    write = base === null ? undefined : byName.get(base)
  ) {
    if (refusalOf(merge, write.key, write.code) === null) stamps.push(stampOf(merge, write.at));
    base = write.shown;
  }
  while (base !== null && oracle.refusedOver.has(base)) base = oracle.refusedOver.get(base) ?? null;
  const code = refusalOf(merge, tip.key, tip.code) ?? frozenOut(merge, tip);
  if (code !== null) {
    merge.refused.push({key: code === 'frozen' ? fieldOf(tip.key) : tip.key, code});
    oracle.refusedOver.set(tip.name, base);
    return;
  }
  const eff = Math.max(...stamps);
  if (tip.key === DELETED_AT && tip.value !== null && valueOf(oracle, DELETED_AT) === null) {
    settleDelete(merge, {name: tip.name, eff, seen: tip.seen});
  } else {
    const {name, key, value, onlyIfKnown, isListed} = tip;
    meet(merge, {name, key, value, eff, base, onlyIfKnown, isListed, removes: false});
  }
}

/** What was never written does not begin in a frozen field. JSON that clears it says nothing. */
function frozenOut({oracle, arrival, frozen}: Merge, tip: DeviceWrite): ErrorCode | null {
  if (oracle.current.has(tip.key) || !frozen.has(fieldOf(tip.key))) return null;
  return arrival.path === 'json' && tip.value === null ? null : 'frozen';
}

function settleEntryDelete(merge: Merge, removed: EntryDelete): void {
  const {oracle, arrival} = merge;
  const spec = oracle.specs.get(removed.key);
  const fault = spec?.required === true ? ('required_field' as const) : refusalOf(merge, removed.key, null);
  if (fault !== null) {
    merge.refused.push({key: removed.key, code: fault});
    return;
  }
  meet(merge, {
    name: nameOf(removed.key, arrival.now),
    key: removed.key,
    value: null,
    eff: arrival.now,
    base: removed.shown,
    onlyIfKnown: false,
    isListed: false,
    removes: true,
  });
}

function settleText(merge: Merge, field: string): void {
  const {oracle, arrival} = merge;
  const code = refusalOf(merge, field, null);
  if (code !== null) {
    merge.refused.push({key: field, code});
    return;
  }
  const part: Part = {
    name: `text:${field}@${arrival.seq}`,
    device: arrival.device,
    eff: arrival.now,
    seq: arrival.seq,
    hasItem: true,
  };
  oracle.texts.set(`${field}/${arrival.device}`, {...part, field});
  noteTip(merge, {key: field, device: arrival.device, eff: arrival.now, value: null}, part.name, true);
}
