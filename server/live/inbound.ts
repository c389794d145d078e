// What one device sends: updates go to the lane and are answered when durable, the acks of one commit in one
// frame; single records are compared. While too many frames wait for their answer, nothing more is read.
import * as Y from 'yjs';
import {isEntityName} from '#crdt/entities/registry.ts';
import type {AckResult} from '#crdt/protocol/ack.ts';
import {SOCKET_INFLIGHT_MAX} from '#crdt/protocol/limits.ts';
import type {SyncStep1} from '#crdt/protocol/sync-step-1.ts';
import type {SyncedRecord} from '#crdt/protocol/sync-step-2.ts';
import type {Update} from '#crdt/protocol/update.ts';
import {parseStateVector} from '#crdt/state-vector.ts';
import type {Feed, FeedItem} from '../sync/feed.ts';
import type {Member} from '../sync/members.ts';
import {answerOf, createStateBudget} from './answer.ts';
import type {Congestion} from './congestion.ts';
import type {Connection} from './connection.ts';
import type {Gate} from './gate.ts';
import {countOne} from './traffic.ts';
import type {WriteResult, Writer} from './writer.ts';

export interface Inbound {
  update(frame: Update): void;
  compare(frame: SyncStep1): void;
  /** Frames that wait for their answer. */
  waiting(): number;
  /** Called once, when nothing waits for an answer any more; at once if nothing does. */
  whenIdle(run: () => void): void;
}

export interface InboundDeps {
  readonly feed: Pick<Feed, 'readOne'>;
  readonly member: Member;
  readonly writer: Writer;
  readonly gate: Gate;
  readonly congestion: Congestion;
}

export function createInbound(connection: Connection, deps: InboundDeps): Inbound {
  const {feed, member, writer, gate, congestion} = deps;
  let waiting = 0;
  let idle: (() => void)[] = [];
  let acks: AckResult[] = [];

  const begin = (): void => {
    waiting++;
    if (waiting >= SOCKET_INFLIGHT_MAX) gate.hold('inflight');
  };
  const finish = (): void => {
    waiting--;
    if (waiting < SOCKET_INFLIGHT_MAX) gate.release('inflight');
    // Answers count against the peer too: one that does not read them is not read.
    congestion.isCongested();
    if (waiting > 0) return;
    const runs = idle;
    idle = [];
    for (const run of runs) run();
  };
  const flushAcks = (): void => {
    const results = acks;
    acks = [];
    if (results.length > 0) connection.send({kind: 'ack', results});
  };
  /** The receipts of one commit arrive in one row of microtasks: the flush runs behind them. */
  const ack = (result: AckResult): void => {
    acks.push(result);
    if (acks.length === 1) queueMicrotask(flushAcks);
  };
  return {
    update({request, updates}) {
      begin();
      const budget = createStateBudget();
      let left = updates.length;
      const settle = (index: number, result: WriteResult): void => {
        if (result.kind === 'rejected' && result.error.code === 'no_membership') {
          connection.end('membership_changed');
        }
        if (result.kind === 'unreadable') countOne(connection.traffic.unreadable, result.code);
        const answer = answerOf(result, {place: {request, index}, budget});
        if (answer.kind === 'ack') ack(answer.result);
        else connection.send(answer);
        left--;
        if (left === 0) queueMicrotask(finish);
      };
      if (left === 0) finish();
      else writer.write(updates, settle);
    },
    compare(frame) {
      if (parseStateVector(frame.stateVector) === null) {
        connection.end('bad_frame');
        return;
      }
      begin();
      const {entity, id, request} = frame;
      const reading = isEntityName(entity) ? feed.readOne(member, {entity, id}) : Promise.resolve(undefined);
      reading
        .then((item) => {
          const record = item === undefined ? null : compared(item, frame);
          connection.send({kind: 'sync-step-2', request, record});
        })
        .catch((error: unknown) => connection.fail(error))
        .finally(finish);
    },
    waiting: () => waiting,
    whenIdle(run) {
      if (waiting === 0) run();
      else idle.push(run);
    },
  };
}

const compared = ({seq, generation, state}: FeedItem, step: SyncStep1): SyncedRecord => ({
  seq,
  generation,
  stateVector: Y.encodeStateVectorFromUpdate(state),
  update: step.generation === generation ? Y.diffUpdate(state, step.stateVector) : state,
});
