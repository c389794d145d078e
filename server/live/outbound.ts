// What one connection is sent of the tenant's feed: first from its cursor, then as it is committed. It is always
// somewhere (`position`), and whatever it cannot be sent live it reads from the feed again: a hole, a slow
// receiver, a commit too large for one frame, too many commits while reading. So nothing is skipped, nothing
// piles up, and what is sent twice is harmless.
import type {Batch, Follower} from '../sync/fan-out.ts';
import type {Feed, FeedPage} from '../sync/feed.ts';
import type {Member} from '../sync/members.ts';
import {changesFrame, conflictFrame, type Audience} from './audience.ts';
import {nextPageSize, pageFrames} from './catch-up.ts';
import type {Congestion} from './congestion.ts';
import type {Connection} from './connection.ts';
import {LIVE_FRAME_BYTES_MAX, WAITING_BATCHES_MAX} from './live-limits.ts';

export interface Outbound extends Pick<Follower, 'deliver'> {
  /** Reads the feed from where the connection is, then goes live. */
  start(): void;
  /** Sends nothing until started again. */
  stop(): void;
}

export interface OutboundDeps {
  readonly feed: Pick<Feed, 'readPage'>;
  readonly member: Member;
  readonly audience: Audience;
  readonly congestion: Congestion;
  /** Where the receiver's copy ends. */
  readonly position: number;
  /** Called once, right before the first page goes out: what it sends leaves in the same system call. */
  readonly beforeFirstPage: () => void;
}

export function createOutbound(connection: Connection, deps: OutboundDeps): Outbound {
  const {feed, member, audience, congestion} = deps;
  let {position} = deps;
  /** Up to where the receiver was told; a batch without anything for it is not worth a frame. */
  let told = position;
  /** The reading under way; another one, or none, makes it stop. */
  let reading: object | null = null;
  let isLive = false;
  let waiting: Batch[] = [];
  let isMissed = false;
  let isFirstPage = true;

  const pushConflicts = (batch: Batch): void => {
    if (audience.seesConflicts && batch.conflicts.length > 0) connection.sendBytes(conflictFrame(batch));
  };
  /** False: this cannot be sent live. */
  const push = (batch: Batch): boolean => {
    if (batch.to <= position) {
      // Of commits that were read from the feed meanwhile, which has no conflicts.
      pushConflicts(batch);
      return true;
    }
    if (batch.from > position || congestion.isCongested() || audience.isMoved(batch)) return false;
    const records = audience.select(batch);
    if (records.length > 0) {
      const frame = changesFrame(batch, {from: told, records});
      if (frame.length > LIVE_FRAME_BYTES_MAX) return false;
      connection.sendBytes(frame);
      told = batch.to;
    }
    position = batch.to;
    pushConflicts(batch);
    return true;
  };
  const wait = (batch: Batch): void => {
    if (waiting.length < WAITING_BATCHES_MAX) {
      waiting.push(batch);
    } else {
      waiting = [];
      isMissed = true;
    }
  };
  /** Sends what was committed while reading. False: the feed is to be read on. */
  const pushWaiting = (): boolean => {
    const batches = waiting;
    waiting = [];
    return !isMissed && batches.every(push);
  };
  const read = async (run: object): Promise<void> => {
    let page: FeedPage | undefined;
    for (;;) {
      await congestion.cleared();
      if (reading !== run) return;
      isMissed = false;
      page = await feed.readPage(member, {after: position, limit: nextPageSize(page)});
      if (reading !== run) return;
      if (isFirstPage) deps.beforeFirstPage();
      isFirstPage = false;
      for (const frame of pageFrames(told, page)) connection.sendBytes(frame);
      position = page.to;
      told = page.to;
      if (page.hasMore || !pushWaiting()) continue;
      reading = null;
      isLive = true;
      connection.send({kind: 'caught-up', position});
      return;
    }
  };
  const start = (): void => {
    isLive = false;
    const run = {};
    reading = run;
    read(run).catch((error: unknown) => connection.fail(error));
  };
  const stop = (): void => {
    isLive = false;
    reading = null;
    waiting = [];
  };
  connection.onEnd(stop);
  return {
    start,
    stop,
    deliver(batch) {
      if (reading !== null) wait(batch);
      else if (isLive && !push(batch)) start();
    },
  };
}
