// What a device is told of one update's fate.
import type {AckResult} from '#crdt/protocol/ack.ts';
import type {Need} from '#crdt/protocol/need.ts';
import type {CurrentDocument, Reject} from '#crdt/protocol/reject.ts';
import type {Retry} from '#crdt/protocol/retry.ts';
import type {CurrentState} from '../sync/submission.ts';
import {REJECT_STATE_BYTES_MAX, RETRY_AFTER_MS, RETRY_INTERNAL_MS} from './live-limits.ts';
import type {WriteResult} from './writer.ts';

/** Where an update stood. */
export interface Place {
  readonly request: number;
  readonly index: number;
}

export type Answer = {readonly kind: 'ack'; readonly result: AckResult} | Reject | Need | Retry;

/** Bounds the states that the rejections of one frame carry: small updates must not draw large answers. */
export interface StateBudget {
  spend(bytes: number): boolean;
}

export function createStateBudget(): StateBudget {
  let left = REJECT_STATE_BYTES_MAX;
  return {
    spend(bytes) {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
  };
}

export function answerOf(result: WriteResult, {place, budget}: {place: Place; budget: StateBudget}): Answer {
  switch (result.kind) {
    case 'applied':
    case 'unchanged': {
      const {kind: outcome, seq, conflicts, refused} = result;
      return {kind: 'ack', result: {...place, outcome, seq, conflicts, refused}};
    }
    case 'rejected': {
      const {error, seq, conflicts, refused, current} = result;
      // Consumed writes need no new document: the current values come as changes.
      const document = seq === null ? documentOf(current, budget) : ({kind: 'ask'} as const);
      const {code, message} = error;
      return {kind: 'reject', ...place, code, message, seq, conflicts, refused, current: document};
    }
    case 'reset':
      return {
        kind: 'reject',
        ...place,
        code: 'reset_required',
        message: 'The document was compacted: take the state and write the pending values again.',
        seq: null,
        conflicts: [],
        refused: [],
        current: documentOf(result.current, budget),
      };
    case 'unreadable': {
      const {code, message} = result;
      return {
        kind: 'reject',
        ...place,
        code,
        message,
        seq: null,
        conflicts: [],
        refused: [],
        current: {kind: 'ask'},
      };
    }
    case 'need':
      return {kind: 'need', ...place, generation: result.generation, stateVector: result.stateVector};
    case 'retry': {
      const {code} = result;
      return {
        kind: 'retry',
        ...place,
        code,
        afterMs: code === 'internal' ? RETRY_INTERNAL_MS : RETRY_AFTER_MS,
      };
    }
  }
}

function documentOf(current: CurrentState | null, budget: StateBudget): CurrentDocument {
  if (current === null) return {kind: 'none'};
  if (!budget.spend(current.state.length)) return {kind: 'ask'};
  return {kind: 'state', generation: current.generation, state: current.state};
}
