// What a room's provider is sent: its answer once it was asked, then deltas as they are committed, and the state
// again whenever a delta may have been missed.
import * as Y from 'yjs';
import type {Batch} from '../sync/fan-out.ts';
import type {Feed} from '../sync/feed.ts';
import type {Member} from '../sync/members.ts';
import type {CommittedRecord} from '../sync/submission.ts';
import type {Congestion} from './congestion.ts';
import type {Connection} from './connection.ts';
import {
  missingFrom,
  readRoomDocument,
  stateVectorOf,
  type RoomDocument,
  type RoomRecord,
} from './room-document.ts';
import {writeStep2, writeUpdateMessage} from './yjs-messages.ts';

export interface RoomOutbound {
  /** Of the document that this room is about. */
  readonly generation: number;
  /** What the server has, as a state vector. */
  stateVector(): Promise<Uint8Array>;
  /** Sends what the provider lacks, and from then on whatever changes. */
  answer(stateVector: Uint8Array): void;
  deliver(batch: Batch): void;
  /** Sends the state, because it is not known what was missed. */
  resend(): void;
}

export interface RoomOutboundDeps {
  readonly feed: Pick<Feed, 'readOne'>;
  readonly member: Member;
  readonly record: RoomRecord;
  readonly congestion: Congestion;
  readonly generation: number;
  /** Whether the record is in the member's scope, after the batch delivered last. */
  readonly sees: () => boolean;
}

export function createRoomOutbound(connection: Connection, deps: RoomOutboundDeps): RoomOutbound {
  const {feed, record, congestion, generation, sees} = deps;
  let position: number | null = null;
  let isAnswered = false;
  let isSending = false;
  /** The provider's state vector that is still to be answered. */
  let owed: Uint8Array | null = null;
  let isStale = false;
  let isSeen = sees();

  const read = async (): Promise<RoomDocument> => {
    const document = await readRoomDocument(feed, deps);
    if (document.generation !== generation) connection.end('reset_required');
    return document;
  };
  const send = async (): Promise<void> => {
    while (owed !== null || isStale) {
      await congestion.cleared();
      const vector = owed;
      owed = null;
      // Before the read: whatever is committed from here on makes it stale again.
      isStale = false;
      const document = await read();
      connection.sendBytes(
        vector === null ? writeUpdateMessage(document.state) : writeStep2(missingFrom(document, vector)),
      );
    }
    isSending = false;
  };
  const startSending = (): void => {
    if (isSending || !isAnswered) return;
    isSending = true;
    send().catch((error: unknown) => connection.fail(error));
  };
  const markStale = (): void => {
    isStale = true;
    startSending();
  };
  const isOurs = ({entity, id}: CommittedRecord): boolean => entity === record.entity && id === record.id;

  return {
    generation,
    stateVector: async () => stateVectorOf(await read()),
    answer(stateVector) {
      owed = stateVector;
      isAnswered = true;
      startSending();
    },
    deliver(batch) {
      // What came before the first batch may have been missed too.
      const isHole = position === null || batch.from > position;
      position = batch.to;
      const wasSeen = isSeen;
      isSeen = sees();
      if (!isSeen) {
        if (wasSeen) connection.end('out_of_scope');
        return;
      }
      const changed = batch.records.find(isOurs);
      if (changed !== undefined && changed.generation !== generation) connection.end('reset_required');
      else if (isHole || !wasSeen) markStale();
      else if (changed === undefined) return;
      else if (!isAnswered || isSending || changed.deltas.length === 0 || congestion.isCongested())
        markStale();
      else connection.sendBytes(deltaMessage(batch, changed));
    },
    resend: markStale,
  };
}

/** Encoded once for all providers of a record. */
const deltaMessage = (batch: Batch, {entity, id, deltas}: CommittedRecord): Uint8Array =>
  batch.frame(`yjs/${entity}/${id}`, () =>
    writeUpdateMessage(
      deltas.length === 1 && deltas[0] !== undefined ? deltas[0] : Y.mergeUpdates([...deltas]),
    ),
  );
