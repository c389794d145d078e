// A delete that arrives at a live record (R13), and an edit that arrives at a deleted one (R14).
import type {ConflictSide} from './change.ts';
import type {JsonValue} from './json.ts';
import {addConflict, overwrite, partOf, replace, restate, sideOf, type Merge, type Tip} from './merge.ts';
import {DELETED_AT, deletedAtOf} from './record.ts';
import {isWriter, type Part} from './write.ts';

/** Whether the deleting device had seen a write when it deleted. */
export type HasSeen = (part: Part) => boolean;

/** Writes of fields that only the server writes are nobody's edit. */
export const SERVER_DEVICE = '';

interface Opponent {
  readonly part: Part;
  readonly side: ConflictSide;
}

/**
 * Decides a delete against every write by another device that the deleter had not seen. Answers whether the
 * record is now deleted; the caller restates where Yjs shows something else.
 */
export function settleDelete(merge: Merge, tip: Tip, hasSeen: HasSeen): 'win' | 'lose' {
  const {record} = merge;
  const opponents = listOpponents(merge, tip.device, hasSeen);
  const latest = opponents.reduce<Opponent | null>(
    (best, opponent) => (best === null || opponent.part.eff > best.part.eff ? opponent : best),
    null,
  );
  const deleteSide = sideOf(DELETED_AT, tip);
  const current = record.writes.get(DELETED_AT);
  if (latest === null || tip.eff >= latest.part.eff) {
    if (opponents.length > 0) {
      const byLatest = [...opponents].sort((a, b) => b.part.eff - a.part.eff);
      addConflict(
        merge,
        DELETED_AT,
        byLatest.map(({side}) => overwrite(deleteSide, side)),
      );
    }
    replace(merge, current, tip, null);
    return 'win';
  }
  addConflict(merge, DELETED_AT, [overwrite(latest.side, deleteSide)]);
  // The record stays as that opponent saw it: live, and known to whoever knows that write.
  keepLive(merge, latest.part);
  return 'lose';
}

function listOpponents(merge: Merge, device: string, hasSeen: HasSeen): Opponent[] {
  const opponents: Opponent[] = [];
  const add = (key: string, part: Part, value: JsonValue): void => {
    if (part.device === device || part.device === SERVER_DEVICE || hasSeen(part)) return;
    opponents.push({part, side: sideOf(key, {...part, value})});
  };
  for (const [key, write] of merge.record.writes) {
    for (const part of write.parts) add(key, part, write.value);
  }
  for (const write of merge.record.textWrites.values()) {
    if (write.kind === 'insert') add(write.field, write, null);
  }
  return opponents;
}

/** Makes null the current value of `deletedAt`, under the name, stamp and seq of the write that keeps the record. */
function keepLive(merge: Merge, part: Part): void {
  const {record} = merge;
  const current = record.writes.get(DELETED_AT);
  record.writes.set(DELETED_AT, {
    ...partOf(part),
    value: null,
    // Kept by the same write as before: whoever was shown that has seen this.
    carriers: current?.value === null && current.id === part.id ? current.carriers : [],
    parts: [partOf(part)],
    prior: current?.prior ?? null,
  });
  record.unsettled.add(DELETED_AT);
  merge.remembered = true;
  restate(record, DELETED_AT);
}

/**
 * After the keys of an edit are settled: if the record was deleted before and still is, the edit's latest
 * tip meets the delete. hasSeenDelete: a JSON edit whose base covers the delete knew what it did.
 */
export function settleEditOfDeleted(merge: Merge, wasDeleted: boolean, hasSeenDelete: boolean): void {
  const {record, context} = merge;
  const deleted = record.writes.get(DELETED_AT);
  if (!wasDeleted || deleted === undefined || deletedAtOf(record) === null || hasSeenDelete) return;
  if (isWriter(deleted, context.actor.deviceId)) return;
  const latest = merge.tips.reduce<Tip | null>(
    (best, tip) => (best === null || tip.eff >= best.eff ? tip : best),
    null,
  );
  if (latest === null) return;
  const editSide = sideOf(latest.key, latest);
  const deleteSide = sideOf(DELETED_AT, deleted);
  if (latest.eff < deleted.eff) {
    addConflict(merge, DELETED_AT, [overwrite(deleteSide, editSide)]);
    return;
  }
  addConflict(merge, DELETED_AT, [overwrite(editSide, deleteSide)]);
  merge.audit.push({key: DELETED_AT, before: deleted.value, after: null});
  keepLive(merge, latest);
}

/** `deletedAt` shows when the record was deleted by the effective stamp, whatever the device's clock said. */
export const deletedValue = (eff: number): string => new Date(Math.max(0, eff)).toISOString();
