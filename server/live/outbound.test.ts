// What a connection is sent, in the cases that are hard to bring about over a real socket.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {decodeServerFrame, type ServerFrame} from '#crdt/protocol/frame.ts';
import {createManualTimers} from '#test/support/manual-timers.ts';
import {silentLogger} from '../logger.ts';
import type {Batch} from '../sync/fan-out.ts';
import type {FeedItem, FeedPage} from '../sync/feed.ts';
import type {Member} from '../sync/members.ts';
import {audienceOf} from './audience.ts';
import {createCongestion} from './congestion.ts';
import {Connection} from './connection.ts';
import {createGate} from './gate.ts';
import {LIVE_FRAME_BYTES_MAX, WAITING_BATCHES_MAX} from './live-limits.ts';
import {createOutbound} from './outbound.ts';

const itemAt = (seq: number, bytes = 2): FeedItem => ({
  entity: 'tasks',
  id: randomUUID(),
  seq,
  generation: 0,
  deleted: false,
  updatedAt: new Date(),
  place: seq,
  payload: new Uint8Array(),
  state: new Uint8Array(bytes),
});

function batchOf(from: number, to: number, bytes = 2): Batch {
  const frames = new Map<string, Uint8Array>();
  const records = [{...itemAt(to, bytes), deltas: [new Uint8Array(bytes)]}];
  return {
    tenantId: randomUUID() as Batch['tenantId'],
    from,
    to,
    at: new Date(),
    records,
    conflicts: [],
    access: [],
    frame(audience, encode) {
      const bytesOf = frames.get(audience) ?? encode(this);
      frames.set(audience, bytesOf);
      return bytesOf;
    },
  };
}

/** A connection at position 0 over a feed whose reads wait until they are answered. */
function setUp() {
  const sent: ServerFrame[] = [];
  const state = {buffered: 0, closed: null as {code: number; reason: string} | null};
  const socket = {
    send(bytes: Uint8Array) {
      const decoded = decodeServerFrame(bytes);
      if (decoded.ok) sent.push(decoded.frame);
    },
    bufferedBytes: () => state.buffered,
    pause: () => undefined,
    close: (code: number, reason: string) => void (state.closed = {code, reason}),
    ping: () => undefined,
  };
  const connection = new Connection({socket, log: silentLogger, timers: createManualTimers()});
  /** How much was sent before each call. */
  const opened: number[] = [];
  const reads: {after: number; answer: (page: FeedPage) => void; fail: (error: unknown) => void}[] = [];
  const congestion = createCongestion(connection, createGate(socket));
  const outbound = createOutbound(connection, {
    feed: {
      readPage: (_member, {after}) => new Promise((answer, fail) => void reads.push({after, answer, fail})),
    },
    member: {} as Member,
    audience: audienceOf({role: 'manager', userId: '' as Member['userId']}, {sees: () => true}),
    congestion,
    position: 0,
    beforeFirstPage: () => void opened.push(sent.length),
  });
  /** The read under way, once there is one. */
  const nextRead = async () => {
    for (let turn = 0; reads.length === 0 && turn < 50; turn++) await Promise.resolve();
    return reads.shift()!;
  };
  /** Answers the next read and lets what follows from it happen. */
  const answer = async (page: Partial<FeedPage> & {to: number}): Promise<number> => {
    const read = await nextRead();
    read.answer({items: [], removed: [], hasMore: false, ...page});
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return read.after;
  };
  const links = () => sent.flatMap((frame) => (frame.kind === 'changes' ? [[frame.from, frame.to]] : []));
  return {outbound, connection, congestion, sent, opened, links, reads, state, nextRead, answer};
}

test('what was committed while reading follows the pages, and what they held already does not', async () => {
  const {outbound, links, sent, answer} = setUp();
  outbound.start();
  outbound.deliver(batchOf(4, 5));
  outbound.deliver(batchOf(5, 6));
  await answer({items: [itemAt(5)], to: 5});
  expect(links()).toEqual([
    [0, 5],
    [5, 6],
  ]);
  expect(sent.at(-1)).toEqual({kind: 'caught-up', position: 6});
});

test('before the first page, and before no other, the connection is told', async () => {
  const {outbound, opened, answer} = setUp();
  outbound.start();
  outbound.start();
  expect(opened).toEqual([]);
  await answer({to: 2, hasMore: true});
  await answer({to: 3});
  expect(opened).toEqual([0]);
  outbound.deliver(batchOf(7, 8));
  await answer({to: 8});
  expect(opened).toEqual([0]);
});

test('a batch past the position is a hole: the feed is read, from the position', async () => {
  const {outbound, links, answer} = setUp();
  outbound.start();
  await answer({to: 3});
  outbound.deliver(batchOf(7, 8));
  expect(links()).toEqual([[0, 3]]);
  expect(await answer({items: [itemAt(8)], to: 8})).toBe(3);
  outbound.deliver(batchOf(8, 9));
  expect(links()).toEqual([
    [0, 3],
    [3, 8],
    [8, 9],
  ]);
});

test('a hole behind the last page is read too', async () => {
  const {outbound, links, sent, answer} = setUp();
  outbound.start();
  outbound.deliver(batchOf(7, 8));
  await answer({to: 3});
  expect(sent.some(({kind}) => kind === 'caught-up')).toBe(false);
  expect(await answer({items: [itemAt(8)], to: 8})).toBe(3);
  expect(links().at(-1)).toEqual([3, 8]);
  expect(sent.at(-1)).toEqual({kind: 'caught-up', position: 8});
});

test.each([
  {waiting: WAITING_BATCHES_MAX, reads: 1},
  {waiting: WAITING_BATCHES_MAX + 1, reads: 2},
])('with $waiting commits while reading, the feed is read $reads times', async ({waiting, reads}) => {
  const {outbound, links, sent, answer, nextRead} = setUp();
  outbound.start();
  await nextRead().then((read) => {
    for (let seq = 0; seq < waiting; seq++) outbound.deliver(batchOf(seq, seq + 1));
    read.answer({items: [], removed: [], to: 0, hasMore: false});
  });
  if (reads === 2) await answer({items: [itemAt(waiting)], to: waiting});
  else for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  expect(links().at(-1)?.[1]).toBe(waiting);
  expect(sent.at(-1)).toEqual({kind: 'caught-up', position: waiting});
});

test('a commit too large for one frame is read from the feed', async () => {
  const {outbound, links, answer} = setUp();
  outbound.start();
  await answer({to: 1});
  outbound.deliver(batchOf(1, 2, LIVE_FRAME_BYTES_MAX));
  expect(links()).toEqual([[0, 1]]);
  expect(await answer({items: [itemAt(2)], to: 2})).toBe(1);
  expect(links().at(-1)).toEqual([1, 2]);
});

test('a congested socket is sent nothing until it has drained, then the feed from its position', async () => {
  const {outbound, congestion, links, reads, state, answer} = setUp();
  outbound.start();
  await answer({to: 1});
  state.buffered = 2 * 1024 * 1024;
  outbound.deliver(batchOf(1, 2));
  outbound.deliver(batchOf(2, 3));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  expect(links()).toEqual([[0, 1]]);
  expect(reads).toEqual([]);
  state.buffered = 0;
  congestion.drained();
  expect(await answer({items: [itemAt(3)], to: 3})).toBe(1);
  expect(links().at(-1)).toEqual([1, 3]);
});

test('stopped, it sends nothing, also of a read under way; started again, it goes on where it was', async () => {
  const {outbound, links, sent, nextRead, answer} = setUp();
  outbound.start();
  const read = await nextRead();
  outbound.stop();
  read.answer({items: [itemAt(4)], removed: [], to: 4, hasMore: false});
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  outbound.deliver(batchOf(4, 5));
  expect(sent).toEqual([]);
  outbound.start();
  expect(await answer({items: [itemAt(5)], to: 5})).toBe(0);
  expect(links()).toEqual([[0, 5]]);
});

test.each([
  {error: new SyncError('not_ready'), code: 4503, reason: 'not_ready'},
  {error: new Error('Connection terminated unexpectedly'), code: 4503, reason: 'not_ready'},
  {error: new TypeError('x is not a function'), code: 4500, reason: 'internal'},
])('a feed that fails with $reason closes retryably', async ({error, code, reason}) => {
  const {outbound, state, nextRead} = setUp();
  outbound.start();
  (await nextRead()).fail(error);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  expect(state.closed).toEqual({code, reason});
});
