// Decides a group of changes in memory, in order, on records that are locked and loaded: what each becomes,
// and what must be written. No I/O; lane.ts loads before and writes after.
import * as Y from 'yjs';
import {applyChange} from '#crdt/apply-change.ts';
import {
  untouched,
  type Actor,
  type ChangeContext,
  type ChangeError,
  type ChangeOutcome,
  type NewConflict,
} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {openEntities} from '#crdt/entities/scope.ts';
import {errorCodes, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {NOT_KEPT_MESSAGE} from '#crdt/protocol/quarantine.ts';
import {copyRecord} from '#crdt/record-codec.ts';
import type {RecordState} from '#crdt/record.ts';
import {PENDING_SEQ} from '#crdt/write.ts';
import type {WriterAccess} from '#db/access.ts';
import type {RecordKey} from '#db/records.ts';
import {refuseAttaching, storageOf, type Storage} from './attaching.ts';
import type {Approval, Attaching, Precondition, Submission} from './submission.ts';

/** A record the group works on. `place`: of its latest change, 0 while untouched. */
export interface WorkingRecord {
  readonly record: RecordState;
  readonly isNew: boolean;
  readonly version: number;
  /** Feed position as it was loaded; null for a new record. */
  readonly seq: number | null;
  /** Yjs V1 state as it was loaded; stale once the group has changed the record. */
  readonly loadedState: Uint8Array;
  readonly deltas: Uint8Array[];
  readonly changedFields: Set<string>;
  place: number;
}

/** A position of the group: one row of the log. */
export interface Logged {
  readonly submission: Submission;
  readonly action: 'create' | 'update' | 'delete' | 'restore' | 'dispute';
  readonly outcome: Extract<ChangeOutcome, {kind: 'done'}>;
}

export interface Decided {
  readonly outcome: ChangeOutcome;
  /** Position within the group, from 1; null where nothing is logged. */
  readonly place: number | null;
  /** The record is not in its author's scope: nothing of it may reach them. */
  readonly isOutOfScope?: true;
}

export interface GroupDecision {
  readonly decided: readonly Decided[];
  readonly logged: readonly Logged[];
  /** Kept changes that managers let in, whether or not that changed anything. Their places follow the logged. */
  readonly approved: readonly Submission[];
  /** Those that messages go out for. Their places follow the approved. */
  readonly sent: readonly Submission[];
}

export interface GroupInput {
  readonly submissions: readonly Submission[];
  readonly recordOf: (submission: Submission) => WorkingRecord;
  readonly memberOf: (submission: Submission) => WriterAccess | undefined;
  /** Whether an employee had a record in scope when the group began. */
  readonly isGranted: (userId: string, key: RecordKey) => boolean;
  readonly readCursor: ChangeContext['readCursor'];
  /** The record that a file is added to or taken from; it is locked. */
  readonly ownerOf: (attaching: Attaching) => WorkingRecord;
  /** When the group began; null where no file is announced. */
  readonly storage: Storage | null;
  /** Whether a kept change still waits for a manager; it is locked. */
  readonly isOpen: (quarantineId: string) => boolean;
}

interface Deciding extends Omit<GroupInput, 'storage'> {
  storage: Storage | null;
  readonly logged: Logged[];
  readonly approved: Submission[];
  readonly sent: Submission[];
  /** Records that the group makes, by member: whoever may make a record has it in scope. */
  readonly made: Set<string>;
}

export function decideGroup(input: GroupInput): GroupDecision {
  const deciding: Deciding = {...input, logged: [], approved: [], sent: [], made: new Set<string>()};
  const decided = input.submissions.map((submission) => decideOne(deciding, submission));
  const {logged, approved, sent} = deciding;
  return {decided, logged, approved, sent};
}

function decideOne(input: Deciding, submission: Submission): Decided {
  const {logged} = input;
  const working = input.recordOf(submission);
  const actor = actorOf(input, submission);
  if (actor === null) return {outcome: notAMember, place: null};
  if (isHidden(working, actor)) {
    const outcome = submission.precondition?.kind === 'present' ? notFound : outOfScope;
    return {outcome, place: null, isOutOfScope: true};
  }
  const unmet = unmetPrecondition(working, submission.precondition);
  if (unmet !== null) return {outcome: untouched('rejected', unmet), place: null};
  const wasDeleted = isDeleted(working.record);
  const place = logged.length + 1;
  const context: ChangeContext = {
    actor,
    now: submission.now,
    offset: submission.offset,
    seq: PENDING_SEQ + place,
    readCursor: input.readCursor,
  };
  if (submission.attaching !== undefined) {
    const code = refusalOfFile(input, {working, submission, attaching: submission.attaching});
    if (code !== null)
      return {outcome: untouched('rejected', {code, message: errorCodes[code].cause}), place: null};
  }
  if (submission.approval !== undefined) {
    const refusal = refusalOfKept(input, working, {submission, approval: submission.approval, context});
    if (refusal !== null) return {outcome: refusal, place: null};
    input.approved.push(submission);
  }
  const outcome = applyCounted(input, working, () => applyChange(working.record, submission.change, context));
  if (submission.sends !== undefined && outcome.kind === 'done' && outcome.status !== 'rejected')
    input.sent.push(submission);
  if (outcome.kind !== 'done' || (!outcome.changed && outcome.conflicts.length === 0))
    return {outcome, place: null};
  logged.push({submission, outcome, action: actionOf(working.record, {outcome, wasDeleted})});
  if (outcome.created) input.made.add(nameFor(submission.userId, submission.change));
  if (outcome.changed) noteChange(working, outcome, place);
  return {outcome, place};
}

function refusalOfFile(
  input: Deciding,
  {working, submission, attaching}: {working: WorkingRecord; submission: Submission; attaching: Attaching},
): ErrorCode | null {
  const member = input.memberOf(submission);
  if (member === undefined) return 'no_membership';
  const {owner} = attaching;
  return refuseAttaching(attaching, {
    owner: input.ownerOf(attaching).record,
    self: member,
    sees: member.role === 'manager' || isInScope(input, member.userId, owner),
    attachment: working.record,
    storage: input.storage,
  });
}

/** Keeps count of what the group itself announces and removes. */
function applyCounted(input: Deciding, {record}: WorkingRecord, apply: () => ChangeOutcome): ChangeOutcome {
  const {storage} = input;
  if (storage === null) return apply();
  const before = storageOf(record);
  const outcome = apply();
  const after = storageOf(record);
  input.storage = {
    bytes: storage.bytes + after.bytes - before.bytes,
    count: storage.count + after.count - before.count,
  };
  return outcome;
}

/**
 * A kept change is let in whole or not at all: tried on a copy first, so that one that is refused leaves no trace and
 * can be tried again, while its values stand where the manager can read them.
 */
function refusalOfKept(
  {isOpen}: Deciding,
  {record}: WorkingRecord,
  {submission, approval, context}: {submission: Submission; approval: Approval; context: ChangeContext},
): ChangeOutcome | null {
  if (!isOpen(approval.quarantineId)) return alreadyDecided;
  const tried = applyChange(copyRecord(record), submission.change, context);
  if (tried.kind !== 'done') return tried;
  if (tried.status === 'rejected') return untouched('rejected', tried.error);
  const [first] = tried.refused;
  if (first === undefined) return null;
  const fields = Object.fromEntries(tried.refused.map(({field, code}) => [field, errorCodes[code].cause]));
  const message = `${first.field}: ${errorCodes[first.code].cause}`;
  return untouched('rejected', {code: first.code, message, fields});
}

const alreadyDecided = untouched('rejected', {
  code: 'already_decided',
  message: errorCodes.already_decided.cause,
});
const notAMember = untouched('rejected', {code: 'no_membership', message: 'The membership ended.'});
// To who asks for a record by its path, one that is not theirs does not exist.
const notFound = untouched('rejected', {code: 'not_found', message: errorCodes.not_found.cause});
const outOfScope = untouched('rejected', {
  code: 'out_of_scope',
  message: 'The record left the scope of its writer. The change is kept for a manager.',
});

/** Refused for scope, and too many wait already: its author must keep it. */
export const notKept: Decided = {
  outcome: untouched('rejected', {code: 'out_of_scope', message: NOT_KEPT_MESSAGE}),
  place: null,
  isOutOfScope: true,
};

const isHidden = ({record}: WorkingRecord, {role, sees}: Actor): boolean =>
  role === 'employee' && record.created !== null && sees?.(record.entity.name, record.id) !== true;

const nameFor = (userId: string, {entity, id}: RecordKey): string => `${userId}/${entity}/${id}`;

function unmetPrecondition(
  {record, seq, place}: WorkingRecord,
  precondition: Precondition | undefined,
): ChangeError | null {
  if (precondition === undefined) return null;
  const exists = record.created !== null;
  if (precondition.kind === 'absent')
    return exists ? {code: 'already_exists', message: errorCodes.already_exists.cause} : null;
  if (!exists) return {code: 'not_found', message: errorCodes.not_found.cause};
  const {seqs} = precondition;
  // Changed earlier in this group: at a position that nobody can have seen.
  const isAt = seqs === undefined || (place === 0 && seq !== null && seqs.includes(seq));
  return isAt ? null : {code: 'precondition_failed', message: errorCodes.precondition_failed.cause};
}

function actorOf(input: Deciding, submission: Submission): Actor | null {
  const {change, userId, deviceId} = submission;
  if (change.kind === 'server') return {userId, deviceId, role: 'manager', employeeId: null};
  const member = input.memberOf(submission);
  if (member === undefined) return null;
  const {role, employeeId} = member;
  const {approval} = submission;
  if (approval !== undefined) {
    if (role !== 'manager') return null;
    return {
      userId,
      deviceId,
      role: 'employee',
      employeeId: approval.employeeId,
      sees: () => true,
      isLate: true,
    };
  }
  if (role === 'manager') return {userId, deviceId, role, employeeId};
  const sees = (entity: EntityName, id: string): boolean => isInScope(input, userId, {entity, id});
  return {userId, deviceId, role, employeeId, sees};
}

const isInScope = ({isGranted, made}: Deciding, userId: string, key: RecordKey): boolean =>
  openEntities.includes(key.entity) || isGranted(userId, key) || made.has(nameFor(userId, key));

const isDeleted = (record: RecordState): boolean => (record.writes.get('deletedAt')?.value ?? null) !== null;

function actionOf(
  record: RecordState,
  {outcome, wasDeleted}: {outcome: Logged['outcome']; wasDeleted: boolean},
): Logged['action'] {
  if (outcome.created) return 'create';
  if (!outcome.changed) return 'dispute';
  if (isDeleted(record) === wasDeleted) return 'update';
  return wasDeleted ? 'restore' : 'delete';
}

/** place: of the change within the group. */
export function noteChange(working: WorkingRecord, outcome: Logged['outcome'], place: number): void {
  working.place = place;
  if (outcome.delta !== null) working.deltas.push(outcome.delta);
  for (const {key} of outcome.audit) working.changedFields.add(key.split('/', 1)[0] ?? key);
}

/** Names the pair of writes a conflict is about; unique per record and key. */
export const conflictPair = ({entries}: NewConflict): {winnerId: string; loserId: string} => ({
  winnerId: entries[0]?.winner.writeId ?? '',
  loserId: entries[0]?.loser.writeId ?? '',
});

/** The state vector a device is asked to send everything after. */
export const stateVectorOf = (state: Uint8Array): Uint8Array => Y.encodeStateVectorFromUpdate(state);
