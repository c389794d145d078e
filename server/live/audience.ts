// Which connections get the same frames, and what those hold: the one place where live delivery asks about scope.
import {encodeFrame} from '#crdt/protocol/frame.ts';
import type {ChangedRecord} from '#crdt/protocol/changes.ts';
import type {ConflictEntry} from '#crdt/protocol/conflict.ts';
import type {Batch} from '../sync/fan-out.ts';
import type {Member} from '../sync/members.ts';
import type {CommittedConflict, CommittedRecord} from '../sync/submission.ts';
import {CONFLICT_BYTES_MAX, CONFLICT_ENTRIES_MAX} from './live-limits.ts';

export interface Audience {
  /** Frames are shared by all connections of one key. */
  readonly key: string;
  readonly seesConflicts: boolean;
  /** The records of a batch that are in scope. */
  readonly select: (records: readonly CommittedRecord[]) => readonly CommittedRecord[];
}

const managers: Audience = {key: 'managers', seesConflicts: true, select: (records) => records};
const employees: Audience = {key: 'employees', seesConflicts: false, select: (records) => records};

export const audienceOf = ({role}: Pick<Member, 'role'>): Audience =>
  role === 'manager' ? managers : employees;

/** The `changes` frame of a batch, encoded once per audience. */
export const changesFrame = (batch: Batch, audience: Audience): Uint8Array =>
  batch.frame(audience.key, ({from, to, records}) =>
    encodeFrame({kind: 'changes', from, to, records: audience.select(records).map(changedRecord)}),
  );

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
