// What a merge must come to, worked out without Yjs and without the code under test. It knows no items,
// clocks or state vectors: every write carries the name of the write that its device *showed* for that key
// just before, and whether one write had seen another follows from those names alone.
import type {JsonValue} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {KeySpec, Vocabulary} from './vocabulary.ts';

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

interface Part {
  readonly name: WriteName;
  readonly device: string;
  readonly eff: number;
  readonly seq: number;
  readonly hasItem: boolean;
}

interface Current extends Part {
  readonly value: JsonValue;
  readonly parts: readonly Part[];
  readonly replaced: Current | null;
}

export interface Oracle {
  readonly vocabulary: Vocabulary;
  readonly specs: ReadonlyMap<string, KeySpec>;
  readonly current: Map<string, Current>;
  /** Last insertion per text and device. */
  readonly texts: Map<string, Part & {readonly field: string}>;
  readonly known: Set<WriteName>;
  /** A refused write hides nothing: whoever builds on it had seen what it was written over. */
  readonly refusedOver: Map<WriteName, WriteName | null>;
}

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

/** One arrival under way. */
interface Merge {
  readonly oracle: Oracle;
  readonly arrival: Arrival;
  readonly frozen: ReadonlySet<string>;
  readonly conflicts: ExpectedConflict[];
  readonly refused: {key: string; code: ErrorCode}[];
  readonly tips: (Side & {readonly name: WriteName; readonly hasItem: boolean})[];
  /** Where several writes of one stamp could keep a record, the one the code under test named. */
  readonly chooseTie: (sides: readonly Side[]) => number;
}

/** The writes of an arrival that were not known before; all of them the first time, none on redelivery. */
export const newWrites = (oracle: Oracle, arrival: Arrival): readonly DeviceWrite[] =>
  arrival.writes.filter(({name}) => !oracle.known.has(name));

/** Merges what a device sent. Writes that arrived before count once (R1, R12). */
export function expectMerge(
  oracle: Oracle,
  arrival: Arrival,
  chooseTie: (sides: readonly Side[]) => number,
): Expected {
  const {vocabulary} = oracle;
  const frozen = new Set(vocabulary.frozen((key) => valueOf(oracle, key)));
  const merge: Merge = {oracle, arrival, frozen, conflicts: [], refused: [], tips: [], chooseTie};
  const byKey = new Map<string, DeviceWrite[]>();
  for (const write of newWrites(oracle, arrival)) {
    byKey.set(write.key, [...(byKey.get(write.key) ?? []), write]);
    oracle.known.add(write.name);
  }
  const before = oracle.current.get(DELETED_AT);
  const deletes = byKey.get(DELETED_AT);
  if (deletes !== undefined) settleKey(merge, deletes);
  for (const [key, writes] of byKey) if (key !== DELETED_AT) settleKey(merge, writes);
  for (const removed of arrival.entryDeletes) {
    if (removed.live && !byKey.has(removed.key)) settleEntryDelete(merge, removed);
  }
  const texts = arrival.texts.filter(({name}) => !oracle.known.has(name));
  for (const {name} of texts) oracle.known.add(name);
  for (const field of new Set(texts.map((text) => text.field))) settleText(merge, field);
  const wasDeleted = before !== undefined && before.value !== null;
  const sawDelete = before?.parts.some(({name}) => name === arrival.shownDelete) ?? false;
  if (wasDeleted && !sawDelete) settleEditOfDeleted(merge);
  return {conflicts: merge.conflicts, refused: merge.refused};
}

const stampOf = ({arrival}: Merge, at: number): number => Math.min(at + arrival.offset, arrival.now);

const fieldOf = (key: string): string => key.split('/')[0] ?? key;

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
function settleKey(merge: Merge, writes: readonly DeviceWrite[]): void {
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

interface Incoming {
  readonly name: WriteName;
  readonly key: string;
  readonly value: JsonValue;
  readonly eff: number;
  readonly base: WriteName | null;
  readonly onlyIfKnown: boolean;
  readonly isListed: boolean;
  /** A `Y.Map.delete`, which has no item of its own. */
  readonly removes: boolean;
}

const canonical = (value: JsonValue): string =>
  JSON.stringify(value, (_, part: JsonValue) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

export const isSame = (key: string, a: JsonValue, b: JsonValue): boolean =>
  key === DELETED_AT ? (a === null) === (b === null) : canonical(a) === canonical(b);

/** An incoming write against what the key holds (R4 to R9). */
function meet(merge: Merge, incoming: Incoming): void {
  const {oracle, arrival} = merge;
  const {key, name, value} = incoming;
  const current = oracle.current.get(key);
  const isJson = arrival.path === 'json';
  if (current === undefined) {
    // JSON: clearing what nobody ever wrote says nothing.
    if (isJson && value === null) return;
    take(merge, incoming, incoming.eff);
    return;
  }
  const own = current.parts.some(({device}) => device === arrival.device);
  const shows = current.parts.some((part) => part.name === incoming.base);
  if (incoming.onlyIfKnown && !shows && !own) return;
  const {replaced} = current;
  // A list that repeats what was there when its author looked says nothing about what came after.
  const wasThere = replaced?.parts.some((part) => part.name === incoming.base) ?? false;
  const repeats = incoming.isListed && wasThere && replaced !== null && isSame(key, replaced.value, value);
  if (repeats && !shows && !own) return;
  const equal = isSame(key, current.value, value);
  const mine: Side = {key, device: arrival.device, eff: incoming.eff, value};
  const theirs: Side = {key, device: current.device, eff: current.eff, value: current.value};
  const isCommon = replaced?.parts.some((part) => part.name === incoming.base) ?? incoming.base === null;
  const common = shows ? current.value : isCommon ? (replaced?.value ?? null) : 'unknown to both';
  const base = {base: common};
  if (isFrozen(merge, key, current)) {
    if (equal && (isJson || incoming.removes)) return;
    if (equal) {
      joinIn(merge, current, incoming);
    } else {
      merge.conflicts.push({key, winner: [theirs], losers: [mine], anyLoser: false, ...base});
      merge.refused.push({key: fieldOf(key), code: 'frozen'});
    }
    return;
  }
  const seen = shows || (own && isJson);
  if (equal && seen && isJson) return;
  if (equal && !seen) joinIn(merge, current, incoming);
  else if (seen) take(merge, incoming, Math.max(incoming.eff, current.eff));
  else if (own) {
    if (incoming.eff >= current.eff) take(merge, incoming, incoming.eff);
    else noteTip(merge, mine, name);
  } else if (beats(merge, key, mine, theirs)) {
    merge.conflicts.push({key, winner: [mine], losers: [theirs], anyLoser: false, ...base});
    take(merge, incoming, incoming.eff);
  } else {
    merge.conflicts.push({key, winner: [theirs], losers: [mine], anyLoser: false, ...base});
    noteTip(merge, mine, name);
  }
}

function isFrozen({oracle, frozen}: Merge, key: string, current: Current): boolean {
  const isFixed = oracle.specs.get(key)?.rule === 'fixed' && current.value !== null;
  return isFixed || frozen.has(fieldOf(key));
}

function beats({oracle}: Merge, key: string, mine: Side, theirs: Side): boolean {
  if (oracle.specs.get(key)?.rule === 'furthest') {
    const rank = (value: JsonValue): number =>
      typeof value === 'string' ? (oracle.vocabulary.rank[value] ?? 0) : 0;
    if (rank(mine.value) !== rank(theirs.value)) return rank(mine.value) > rank(theirs.value);
  }
  return mine.eff >= theirs.eff;
}

const noteTip = (merge: Merge, side: Side, name: WriteName, hasItem = merge.arrival.path === 'yjs'): void => {
  if (side.key !== DELETED_AT) merge.tips.push({...side, name, hasItem});
};

function take(merge: Merge, incoming: Pick<Incoming, 'name' | 'key' | 'value'>, eff: number): void {
  const {oracle, arrival} = merge;
  const part: Part = {name: incoming.name, device: arrival.device, eff, seq: arrival.seq, hasItem: true};
  const before = oracle.current.get(incoming.key);
  const replaced = before === undefined ? null : {...before, replaced: null};
  oracle.current.set(incoming.key, {...part, value: incoming.value, parts: [part], replaced});
  noteTip(
    merge,
    {key: incoming.key, device: arrival.device, eff, value: incoming.value},
    incoming.name,
    true,
  );
}

/** Two wrote the same without knowing: one write with two writers. It keeps its place in the feed (R8). */
function joinIn(merge: Merge, current: Current, incoming: Incoming): void {
  const {oracle, arrival} = merge;
  const {key, name, eff, value} = incoming;
  const hasItem = arrival.path === 'yjs';
  const part: Part = {name, device: arrival.device, eff, seq: arrival.seq, hasItem};
  oracle.current.set(key, {...current, eff: Math.max(current.eff, eff), parts: [...current.parts, part]});
  noteTip(merge, {key, device: arrival.device, eff, value}, name, hasItem);
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

/** A delete meets a live record: every write by others that its device did not know of is held against it (R13). */
function settleDelete(merge: Merge, tip: {name: WriteName; eff: number; seen: SeenUpTo | null}): void {
  const {oracle, arrival} = merge;
  const opponents: (Side & {part: Part})[] = [];
  const add = (key: string, part: Part, value: JsonValue): void => {
    const known = tip.seen !== null && part.seq <= tip.seen.seq && (part.hasItem || !tip.seen.items);
    if (part.device !== arrival.device && !known) {
      opponents.push({key, device: part.device, eff: part.eff, value, part});
    }
  };
  for (const [key, current] of oracle.current)
    for (const part of current.parts) add(key, part, current.value);
  for (const text of oracle.texts.values()) add(text.field, text, null);
  const mine: Side = {key: DELETED_AT, device: arrival.device, eff: tip.eff, value: 'deleted'};
  const latest = Math.max(...opponents.map(({eff}) => eff));
  if (opponents.length === 0 || tip.eff >= latest) {
    if (opponents.length > 0) {
      merge.conflicts.push({key: DELETED_AT, winner: [mine], losers: opponents, anyLoser: false});
    }
    take(merge, {name: tip.name, key: DELETED_AT, value: 'deleted'}, tip.eff);
    return;
  }
  const tied = opponents.filter(({eff}) => eff === latest);
  merge.conflicts.push({key: DELETED_AT, winner: tied, losers: [mine], anyLoser: false});
  const kept = tied[merge.chooseTie(tied)];
  if (kept !== undefined) keepLive(merge, kept.part);
}

/** The record stays, in the name of the write that keeps it. */
function keepLive({oracle}: Merge, part: Part): void {
  const at = part.name.slice(part.name.indexOf('@') + 1);
  const name = part.name.startsWith('text:') ? nameOf(DELETED_AT, part.eff) : `${DELETED_AT}@${at}`;
  oracle.current.set(DELETED_AT, {...part, name, value: null, parts: [{...part, name}], replaced: null});
}

/** A write to a record that is deleted, by a device that had no part in that, brings it back if it is later (R14). */
function settleEditOfDeleted(merge: Merge): void {
  const {oracle, arrival, tips} = merge;
  const deleted = oracle.current.get(DELETED_AT);
  if (deleted === undefined || deleted.value === null || tips.length === 0) return;
  if (deleted.parts.some(({device}) => device === arrival.device)) return;
  const latest = Math.max(...tips.map(({eff}) => eff));
  const tied = tips.filter(({eff}) => eff === latest);
  const theirs: Side = {key: DELETED_AT, device: deleted.device, eff: deleted.eff, value: deleted.value};
  if (latest < deleted.eff) {
    merge.conflicts.push({key: DELETED_AT, winner: [theirs], losers: tied, anyLoser: true});
    return;
  }
  merge.conflicts.push({key: DELETED_AT, winner: tied, losers: [theirs], anyLoser: false});
  const kept = tied[merge.chooseTie(tied)];
  if (kept === undefined) return;
  const {name, device, eff, hasItem} = kept;
  keepLive(merge, {name, device, eff, seq: arrival.seq, hasItem});
}
