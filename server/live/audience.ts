// Which connections get the same frames, and what those hold: the one place where live delivery asks about scope.
import {encodeFrame} from '#crdt/protocol/frame.ts';
import type {ChangedRecord} from '#crdt/protocol/changes.ts';
import type {ConflictEntry} from '#crdt/protocol/conflict.ts';
import type {Batch, Following} from '../sync/fan-out.ts';
import type {Member} from '../sync/members.ts';
import type {CommittedConflict, CommittedRecord} from '../sync/submission.ts';
import {CONFLICT_BYTES_MAX, CONFLICT_ENTRIES_MAX} from './live-limits.ts';

export interface Audience {
  readonly seesConflicts: boolean;
  /** Something came into or left the member's scope: their part of the batch must be read from the feed. */
  readonly isMoved: (batch: Batch) => boolean;
  /** The records of a batch that are in scope. */
  readonly select: (batch: Batch) => readonly CommittedRecord[];
}

const managers: Audience = {seesConflicts: true, isMoved: () => false, select: ({records}) => records};

export const audienceOf = (
  {role, userId}: Pick<Member, 'role' | 'userId'>,
  {sees}: Pick<Following, 'sees'>,
): Audience =>
  role === 'manager'
    ? managers
    : {
        seesConflicts: false,
        isMoved: ({access}) => access.some((event) => event.userId === userId),
        select: ({records}) => records.filter(sees),
      };

/** The `changes` frame of part of a batch, encoded once for all who get the same part from the same place. */
export const changesFrame = (
  batch: Batch,
  {from, records}: {from: number; records: readonly CommittedRecord[]},
): Uint8Array =>
  batch.frame(partName(batch, {from, records}), ({to}) =>
    encodeFrame({kind: 'changes', from, to, records: records.map(changedRecord)}),
  );

const partName = (
  batch: Batch,
  {from, records}: {from: number; records: readonly CommittedRecord[]},
): string =>
  records.length === batch.records.length
    ? `changes from ${from}`
    : `changes from ${from} at ${records.map(({seq}) => seq).join(',')}`;

function changedRecord(record: CommittedRecord): ChangedRecord {
  const {entity, id, seq, generation, deltas, state} = record;
  const isLive = deltas.length > 0;
  const updates = isLive ? deltas : [state];
  return {entity, id, seq, generation, content: isLive ? 'deltas' : 'state', updates};
}

/** The `conflict` frame of a batch, encoded once. */
export const conflictFrame = (batch: Batch): Uint8Array =>
  batch.frame('conflicts', ({conflicts}) => encodeFrame({kind: 'conflict', ...fitting(conflicts)}));

/** As many as fit; values can be large, and a notice need not be complete. */
function fitting(conflicts: readonly CommittedConflict[]): {conflicts: ConflictEntry[]; more: boolean} {
  const taken: ConflictEntry[] = [];
  let bytes = 0;
  for (const {id, seq, entity, recordId, key, entries} of conflicts) {
    bytes += JSON.stringify(entries).length;
    if (taken.length >= CONFLICT_ENTRIES_MAX || bytes > CONFLICT_BYTES_MAX)
      return {conflicts: taken, more: true};
    taken.push({conflictId: id, seq, entity, id: recordId, key, entries});
  }
  return {conflicts: taken, more: false};
}
