// What a room's provider sends: its updates go to the lane, and what becomes of them is told in the only words
// y-protocols has: ask again, let the restated value arrive as a change, or close.
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import {SOCKET_INFLIGHT_MAX} from '#crdt/protocol/limits.ts';
import type {Connection} from './connection.ts';
import type {Gate} from './gate.ts';
import {NEEDS_MAX} from './live-limits.ts';
import {isEmptyUpdate, type RoomRecord} from './room-document.ts';
import type {RoomOutbound} from './room-outbound.ts';
import type {Writer, WriteResult} from './writer.ts';
import {writeStep1} from './yjs-messages.ts';

export interface RoomInbound {
  /** The provider wants to know what it lacks; it is asked first for what the server lacks. */
  step1(stateVector: Uint8Array): void;
  step2(update: Uint8Array): void;
  update(update: Uint8Array): void;
  /** Called once, when no update waits any more; at once if none does. */
  whenIdle(run: () => void): void;
}

export interface RoomInboundDeps {
  readonly record: RoomRecord;
  readonly writer: Writer;
  readonly gate: Gate;
  readonly outbound: RoomOutbound;
}

export function createRoomInbound(connection: Connection, deps: RoomInboundDeps): RoomInbound {
  const {record, writer, gate, outbound} = deps;
  let owed: Uint8Array | null = null;
  let isAsked = false;
  let needs = 0;
  let waiting = 0;
  let idle: (() => void)[] = [];

  const ask = (stateVector: Uint8Array): void => {
    isAsked = true;
    connection.sendBytes(writeStep1(stateVector));
  };
  const answer = (): void => {
    if (owed !== null) outbound.answer(owed);
    owed = null;
  };
  const settle = (result: WriteResult, isStep2: boolean): void => {
    const verdict = verdictOf(result);
    if (verdict.kind === 'end') {
      connection.end(verdict.code);
    } else if (verdict.kind === 'done') {
      needs = 0;
      if (isStep2) answer();
    } else if (!isAsked) {
      needs++;
      if (needs > NEEDS_MAX) connection.end('missing_dependency');
      else ask(verdict.stateVector);
    }
  };
  const write = (update: Uint8Array, isStep2: boolean): void => {
    waiting++;
    if (waiting >= SOCKET_INFLIGHT_MAX) gate.hold('inflight');
    writer.write([{...record, generation: outbound.generation, bytes: update}], (_index, result) => {
      waiting--;
      if (waiting < SOCKET_INFLIGHT_MAX) gate.release('inflight');
      settle(result, isStep2);
      if (waiting > 0) return;
      const runs = idle;
      idle = [];
      for (const run of runs) run();
    });
  };
  return {
    step1(stateVector) {
      owed = stateVector;
      if (isAsked) return;
      isAsked = true;
      outbound.stateVector().then(ask, (error: unknown) => connection.fail(error));
    },
    step2(update) {
      isAsked = false;
      if (isEmptyUpdate(update)) answer();
      else write(update, true);
    },
    update: (update) => write(update, false),
    whenIdle(run) {
      if (waiting === 0) run();
      else idle.push(run);
    },
  };
}

type Verdict =
  | {readonly kind: 'done'}
  | {readonly kind: 'need'; readonly stateVector: Uint8Array}
  | {readonly kind: 'end'; readonly code: ErrorCode};

function verdictOf(result: WriteResult): Verdict {
  switch (result.kind) {
    case 'applied':
    case 'unchanged':
      return {kind: 'done'};
    case 'need':
      return {kind: 'need', stateVector: result.stateVector};
    case 'reset':
      return {kind: 'end', code: 'reset_required'};
    case 'unreadable':
    case 'retry':
      return {kind: 'end', code: result.code};
    case 'rejected':
      return rejectedVerdict(result.seq, result.error.code);
  }
}

function rejectedVerdict(seq: number | null, code: ErrorCode): Verdict {
  // Consumed: the restated values reach the provider like any change.
  if (seq !== null) return {kind: 'done'};
  // The record is not complete yet: the rest may come with the next update.
  if (code === 'required_field') return {kind: 'done'};
  if (code === 'no_membership') return {kind: 'end', code: 'membership_changed'};
  // A provider cannot mint a new client id for its document: trying again would end the same way.
  if (code === 'client_taken') return {kind: 'end', code: 'update_foreign_client'};
  return {kind: 'end', code};
}
