// Sets and items in a JSON change: arrays that travel whole, read into edits of single members.
import {generateKeyBetween} from 'fractional-indexing';
import {isItemId} from './entities/fields.ts';
import type {ItemsField, SetField} from './entities/entity.ts';
import {fault, parseOne, seenUpTo, type Reading} from './json-reading.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {MEMBERS_MAX} from './protocol/limits.ts';
import {liveEntries} from './record.ts';
import {isWriter} from './write.ts';

function readList(reading: Reading, name: string, value: JsonValue): readonly JsonValue[] | null {
  const list = value ?? [];
  if (Array.isArray(list) && list.length <= MEMBERS_MAX) return list as readonly JsonValue[];
  fault(reading, name, 'invalid_value', `must be an array of at most ${MEMBERS_MAX}`);
  return null;
}

export function readSet(
  reading: Reading,
  name: string,
  {field, value}: {field: SetField; value: JsonValue},
): void {
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

export function readItems(
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

function readItemObjects(reading: Reading, name: string, list: readonly JsonValue[]): GivenItem[] | null {
  const given: GivenItem[] = [];
  const ids = new Set<string>();
  for (const item of list) {
    const {id, ...members} = (
      item !== null && typeof item === 'object' && !Array.isArray(item) ? item : {}
    ) as JsonObject;
    if (typeof id !== 'string' || !isItemId(id) || ids.has(id)) {
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
    const isOwn = actor.isLate !== true && isWriter(write, actor.deviceId);
    if (write.seq <= seenUpTo(change.base, name) || isOwn) {
      reading.edits.push({kind: 'key', key, field: name, value: null});
    }
  }
}
