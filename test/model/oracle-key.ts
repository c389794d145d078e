// What the oracle remembers of each key, and one key's decision: seen or concurrent, who wins, conflict or
// not (R4 to R9).
import type {JsonValue} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import {DELETED_AT, type Arrival, type ExpectedConflict, type Side, type WriteName} from './arrival.ts';
import type {KeySpec, Vocabulary} from './vocabulary.ts';

export interface Part {
  readonly name: WriteName;
  readonly device: string;
  readonly eff: number;
  readonly seq: number;
  readonly hasItem: boolean;
}

export interface Current extends Part {
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

/** One arrival under way. */
export interface Merge {
  readonly oracle: Oracle;
  readonly arrival: Arrival;
  readonly frozen: ReadonlySet<string>;
  /** The same of one value. */
  readonly keeps: (field: string, value: JsonValue) => boolean;
  readonly conflicts: ExpectedConflict[];
  readonly refused: {key: string; code: ErrorCode}[];
  readonly tips: (Side & {readonly name: WriteName; readonly hasItem: boolean})[];
  /** Where several writes of one stamp could keep a record, the one the code under test named. */
  readonly chooseTie: (sides: readonly Side[]) => number;
}

export interface Incoming {
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

export const fieldOf = (key: string): string => key.split('/')[0] ?? key;

/** An incoming write against what the key holds (R4 to R9). */
export function meet(merge: Merge, incoming: Incoming): void {
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
  if (isFrozen(merge, {key, value}, current)) {
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

function isFrozen(
  {oracle, frozen, keeps}: Merge,
  {key, value}: Pick<Incoming, 'key' | 'value'>,
  current: Current,
): boolean {
  const isFixed = oracle.specs.get(key)?.rule === 'fixed' && current.value !== null;
  return isFixed || frozen.has(fieldOf(key)) || keeps(fieldOf(key), value);
}

function beats({oracle}: Merge, key: string, mine: Side, theirs: Side): boolean {
  if (oracle.specs.get(key)?.rule === 'furthest') {
    const rank = (value: JsonValue): number =>
      typeof value === 'string' ? (oracle.vocabulary.rank[value] ?? 0) : 0;
    if (rank(mine.value) !== rank(theirs.value)) return rank(mine.value) > rank(theirs.value);
  }
  return mine.eff >= theirs.eff;
}

export const noteTip = (
  merge: Merge,
  side: Side,
  name: WriteName,
  hasItem = merge.arrival.path === 'yjs',
): void => {
  if (side.key !== DELETED_AT) merge.tips.push({...side, name, hasItem});
};

export function take(merge: Merge, incoming: Pick<Incoming, 'name' | 'key' | 'value'>, eff: number): void {
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
