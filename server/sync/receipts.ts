// What the author of a change is answered: now, and again when the same named change is repeated.
import type {ChangeOutcome, RefusedField} from '#crdt/change.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {GroupCommitted} from '#db/group-commit.ts';
import type {ResultWrite} from '#db/group-notes.ts';
import type {StoredResult} from '#db/push-results.ts';
import {stateVectorOf, type Decided} from './decide-group.ts';
import type {EncodedGroup} from './encode-group.ts';
import type {ConflictNotice, CurrentState, Receipt, Submission} from './submission.ts';

/** A Yjs state vector, and a Yjs V1 update, of nothing. */
const EMPTY_VECTOR = new Uint8Array([0]);
export const EMPTY_STATE = new Uint8Array([0, 0]);

/** What a repeat of a named change is answered with. */
interface RememberedResult {
  readonly conflicts: readonly ConflictNotice[];
  readonly refused: readonly RefusedField[];
}

export function resultWrites(
  {change, deviceId, changeId}: Submission,
  decided: Decided | undefined,
  noticesOf: (place: number) => ConflictNotice[],
): ResultWrite[] {
  // A rejected change may be sent again once corrected, under the same name or another.
  if (changeId === null || decided?.outcome.kind !== 'done' || decided.outcome.status === 'rejected')
    return [];
  const {place, outcome} = decided;
  const conflicts = place === null ? [] : noticesOf(place).map(({id, fields}) => ({id, fields: [...fields]}));
  const refused = outcome.refused.map(({field, code}) => ({field, code}));
  const result: JsonValue = {conflicts, refused};
  return [{entity: change.entity, id: change.id, deviceId, changeId, place, result}];
}

export function receiptOf(
  {outcome, place, isOutOfScope}: Decided,
  {
    counter,
    encoded,
    current: committed,
  }: {counter: GroupCommitted | null; encoded: EncodedGroup; current: CurrentState | null},
): Receipt {
  const current = isOutOfScope === true ? null : committed;
  if (outcome.kind === 'need') {
    return {
      kind: 'need',
      generation: current?.generation ?? 0,
      stateVector: current === null ? EMPTY_VECTOR : stateVectorOf(current.state),
    };
  }
  if (outcome.kind === 'reset')
    return {kind: 'reset', current: current ?? {generation: 0, state: EMPTY_STATE}};
  const seq = place === null || counter === null ? null : counter.base + place;
  const conflicts = place === null ? [] : encoded.noticesOf(place);
  return doneReceipt(outcome, {
    seq,
    updatedAt: seq === null ? null : (counter?.at ?? null),
    conflicts,
    current,
  });
}

function doneReceipt(
  outcome: Extract<ChangeOutcome, {kind: 'done'}>,
  rest: {
    seq: number | null;
    updatedAt: Date | null;
    conflicts: ConflictNotice[];
    current: CurrentState | null;
  },
): Receipt {
  const {seq, updatedAt, conflicts, current} = rest;
  const {status, refused} = outcome;
  if (status !== 'rejected') return {kind: status, seq, updatedAt, conflicts, refused};
  const error = outcome.error ?? {code: 'internal' as const, message: 'Refused.'};
  return {kind: 'rejected', error, seq, conflicts, refused, current};
}

export function repeatReceipt({change}: Submission, repeat: StoredResult): Receipt {
  if (repeat.entity !== change.entity || repeat.recordId !== change.id) {
    const error = {
      code: 'idempotency_conflict' as const,
      message: 'The change id was used for another record.',
    };
    return {kind: 'rejected', error, seq: null, conflicts: [], refused: [], current: null};
  }
  const {conflicts, refused} = repeat.result as unknown as RememberedResult;
  return {
    kind: 'unchanged',
    seq: repeat.seq,
    updatedAt: null,
    conflicts,
    refused,
  };
}
