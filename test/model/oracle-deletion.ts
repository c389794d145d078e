// The oracle on deletes: one that arrives at a live record (R13), and an edit that arrives at a deleted one
// (R14).
import type {JsonValue} from '#crdt/json.ts';
import {DELETED_AT, nameOf, type SeenUpTo, type Side, type WriteName} from './arrival.ts';
import {take, type Merge, type Part} from './oracle-key.ts';

/** A delete meets a live record: every write by others that its device did not know of is held against it (R13). */
export function settleDelete(merge: Merge, tip: {name: WriteName; eff: number; seen: SeenUpTo | null}): void {
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
export function settleEditOfDeleted(merge: Merge): void {
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
