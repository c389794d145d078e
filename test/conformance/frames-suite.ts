// Frames: sizes, order, ownership, pausing and backpressure.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {HELD_BYTES_MAX} from '#server/live/held-frames.ts';
import {LiveClient, openClient} from './live-client.ts';
import {FRAME_BYTES_MAX, type Served, serve, type Session} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX];

const numbered = (number: number, bytes = 8): Buffer => {
  const frame = Buffer.alloc(bytes, number % 251);
  frame.writeUInt32BE(number);
  return frame;
};
const numbersOf = (frames: readonly Uint8Array[]): number[] =>
  frames.map((frame) => Buffer.from(frame).readUInt32BE());
const countTo = (count: number): number[] => Array.from({length: count}, (_, number) => number);

export function describeFrames(under: TransportUnderTest): void {
  describe('frames', () => {
    let served: Served;
    beforeAll(async () => {
      served = await serve(under);
    });
    afterAll(() => served.transport.stop());

    const open = async (path: string): Promise<{client: LiveClient; session: Session}> => {
      const client = new LiveClient(`ws://127.0.0.1:${served.port}${path}`);
      return {client, session: await served.sessionOf(() => client.opened())};
    };
    /** Round trips of another connection: enough turns for what is under way elsewhere to have come. */
    const letPass = async (): Promise<void> => {
      const other = await openClient(served.port, '/echo');
      for (let turn = 0; turn < 5; turn++) await other.echo(Buffer.of(turn));
      other.ws.terminate();
    };

    test.each(SIZES)('a frame of %i bytes comes back as it went', async (size) => {
      const {client} = await open('/echo');
      const sent = Buffer.from(Array.from({length: size}, (_, at) => (at * 31 + size) % 256));
      expect((await client.echo(sent)).equals(sent)).toBe(true);
    });

    test('a frame one byte above the limit closes with 1009 and is not given to the session', async () => {
      const {client, session} = await open('/note');
      client.ws.send(Buffer.alloc(FRAME_BYTES_MAX + 1));
      await client.until(() => client.closed !== undefined);
      expect(client.closed?.code).toBe(1009);
      await session.until(() => session.closedCodes.length > 0);
      expect(session.frames).toEqual([]);
    });

    test('a frame far above the limit ends the connection and is not given to the session', async () => {
      const {client, session} = await open('/note');
      client.ws.send(Buffer.alloc(FRAME_BYTES_MAX * 8));
      await session.until(() => session.closedCodes.length > 0);
      expect(session.frames).toEqual([]);
    });

    test('a text frame is reported as such', async () => {
      const {client, session} = await open('/note');
      client.ws.send('hello');
      await session.until(() => session.count('text') === 1);
      expect(session.frames).toEqual([]);
    });

    test('a fragmented frame arrives whole', async () => {
      const {client, session} = await open('/note');
      client.ws.send(Buffer.from([1, 2]), {fin: false});
      client.ws.send(Buffer.from([3]), {fin: true});
      await session.until(() => session.frames.length === 1);
      expect([...session.frames[0]!]).toEqual([1, 2, 3]);
    });

    test('a ping is answered with a pong, both ways', async () => {
      const {client, session} = await open('/note');
      client.ws.ping();
      session.socket.ping();
      await client.until(() => client.pongs === 1);
      await session.until(() => session.count('pong') === 1);
    });

    test('frames keep their order, both ways', async () => {
      const {client} = await open('/echo');
      const count = 2_000;
      for (let number = 0; number < count; number++) client.ws.send(numbered(number, 8 + (number % 300)));
      await client.until(() => client.frames.length === count);
      expect(numbersOf(client.frames)).toEqual(countTo(count));
    });

    test('frames given to the session are its own and never change', async () => {
      const {client, session} = await open('/note');
      const count = 500;
      for (let number = 0; number < count; number++) client.ws.send(numbered(number, 64));
      client.ws.send(Buffer.alloc(100_000, 0xff));
      await session.until(() => session.frames.length === count + 1);
      const kept = session.frames.slice(0, count);
      expect(kept.every((frame, number) => Buffer.from(frame).equals(numbered(number, 64)))).toBe(true);
      expect(kept.every((frame) => frame.buffer.byteLength === frame.byteLength)).toBe(true);
    });

    test('one frame sent to many sockets reaches each, and sockets do not mix', async () => {
      const pairs = await Promise.all(countTo(20).map(() => openClient(served.port, '/note')));
      const sessions = served.sessions.slice(-20);
      const shared = numbered(77);
      for (const [number, session] of sessions.entries()) {
        session.socket.send(shared);
        session.socket.send(numbered(number));
      }
      for (const client of pairs) await client.until(() => client.frames.length === 2);
      expect(numbersOf(pairs.map((client) => client.frames[0]!))).toEqual(pairs.map(() => 77));
      const own = numbersOf(pairs.map((client) => client.frames[1]!));
      expect(own.toSorted((a, b) => a - b)).toEqual(countTo(20));
    });

    test('bufferedBytes grows while the peer does not read, drained follows when it does', async () => {
      const {client, session} = await open('/note');
      client.ws.pause();
      let count = 0;
      while (session.socket.bufferedBytes() < 2 * 1024 * 1024) {
        session.socket.send(numbered(count++, 64 * 1024));
        expect(count).toBeLessThan(5_000);
      }
      expect(session.count('drained')).toBe(0);
      client.ws.resume();
      await session.until(() => session.count('drained') > 0 && session.socket.bufferedBytes() === 0);
      await client.until(() => client.frames.length === count);
      expect(numbersOf(client.frames)).toEqual(countTo(count));
    });

    test('nothing reaches a paused session, and everything does in order once it resumes', async () => {
      const {client, session} = await open('/note');
      session.onFrame = () => {
        if (session.frames.length % 40 === 1) session.socket.pause(true);
      };
      for (let number = 0; number < 100; number++) client.ws.send(numbered(number));
      for (const reached of [1, 41, 81]) {
        await session.until(() => session.frames.length >= reached);
        await letPass();
        expect(session.frames).toHaveLength(reached);
        session.socket.pause(false);
      }
      await session.until(() => session.frames.length === 100);
      expect(numbersOf(session.frames)).toEqual(countTo(100));
    });

    test('a flood while paused waits at its sender, or ends the connection at a bound', async () => {
      const {client, session} = await open('/note');
      session.socket.pause(true);
      const count = (32 * HELD_BYTES_MAX) / FRAME_BYTES_MAX;
      for (let number = 0; number < count; number++) client.ws.send(numbered(number, FRAME_BYTES_MAX));
      if (under.kind === 'uws') {
        // It cannot stop reading, so what it holds is bounded instead.
        await client.until(() => client.closed !== undefined);
        expect(client.closed?.code).toBe(4513);
        expect(session.frames).toEqual([]);
        return;
      }
      await letPass();
      expect(session.frames).toEqual([]);
      expect(client.ws.bufferedAmount).toBeGreaterThan(0);
      session.socket.pause(false);
      await session.until(() => session.frames.length === count);
      expect(numbersOf(session.frames)).toEqual(countTo(count));
    });
  });
}
