// Frames that RFC 6455 forbids, many at once: each ends its own connection, whatever it was in the middle of, and no other.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {BareClient, openClient} from './live-client.ts';
import {type Served, serve} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';

const MASK = [0, 0, 0, 0];

const BREACHES: readonly {readonly name: string; readonly bytes: readonly number[]}[] = [
  {name: 'text that is no UTF-8', bytes: [0x81, 0x82, ...MASK, 0xff, 0xfe]},
  {name: 'a length of 2^63', bytes: [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...MASK]},
  {
    name: 'a length that is no exact number',
    bytes: [0x82, 0xff, 0x7f, ...Array<number>(7).fill(0xff), ...MASK],
  },
  {name: 'a length of 1 TB', bytes: [0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, ...MASK]},
  {name: 'a control frame of 126 bytes', bytes: [0x89, 0xfe, 0, 126, ...MASK]},
  {name: 'the continuation of nothing', bytes: [0x80, 0x80, ...MASK]},
  {name: 'a close frame of one byte', bytes: [0x88, 0x81, ...MASK, 3]},
  {name: 'a close code that none may send', bytes: [0x88, 0x82, ...MASK, 0x03, 0xed]},
  {name: 'compression that was not agreed to', bytes: [0xc2, 0x81, ...MASK, 1]},
];

/** uWebSockets.js takes the second for the rest of the first: what comes of it is for the session's own parser. */
const INTERLEAVED = {
  name: 'a message within a message',
  bytes: [0x02, 0x81, ...MASK, 1, 0x82, 0x81, ...MASK, 1],
};

export function describeBreaches(under: TransportUnderTest): void {
  describe('breaches of the protocol', () => {
    const breaches = under.kind === 'uws' ? BREACHES : [...BREACHES, INTERLEAVED];
    let served: Served;
    beforeAll(async () => {
      served = await serve(under);
    });
    afterAll(() => served.transport.stop());

    test('each ends its own connection once, gives its session nothing, and leaves others alone', async () => {
      const honest = await openClient(served.port, '/echo');
      const broken = [];
      for (const {name, bytes} of breaches) {
        const bare = new BareClient(served.port);
        const session = await served.sessionOf(() => bare.upgrade('/note'));
        broken.push({name, bytes, bare, session});
      }
      for (const {bare, bytes} of broken) bare.tcp.write(Buffer.from(bytes));
      for (const {bare, session} of broken) {
        await session.until(() => session.closedCodes.length > 0);
        await bare.until(() => bare.isClosed);
        expect([...(await honest.echo(Buffer.of(7)))]).toEqual([7]);
      }
      const told = broken.map(({name, session}) => ({
        name,
        frames: session.frames.length,
        closed: session.count('closed'),
      }));
      expect(told).toEqual(breaches.map(({name}) => ({name, frames: 0, closed: 1})));
    }, 60_000);

    test('a message in thousands of pieces ends the connection, or arrives whole', async () => {
      const client = await openClient(served.port, '/note');
      const session = served.sessions.at(-1)!;
      const pieces = 40_000;
      for (let piece = 0; piece < pieces; piece++) client.ws.send(Buffer.of(1), {fin: piece === pieces - 1});
      await session.until(() => session.closedCodes.length > 0 || session.frames.length > 0);
      if (session.closedCodes.length === 0) expect(session.frames[0]?.byteLength).toBe(pieces);
    }, 60_000);

    test('compression is not agreed to: a bomb of a frame cannot be sent', async () => {
      // This client offers it.
      const client = await openClient(served.port, '/echo');
      expect(client.ws.extensions).toBe('');
    });

    // uWebSockets.js has one time for all heads, which the suite of plain HTTP waits for.
    test.skipIf(under.kind === 'uws')(
      'an upgrade whose head never ends is cut',
      async () => {
        const own = await serve(under, {headMsMax: 300});
        const bare = new BareClient(own.port);
        bare.tcp.write('GET /note HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
        await bare.until(() => bare.isClosed);
        expect(bare.received).not.toContain('HTTP/1.1 101');
        expect(own.sessions).toEqual([]);
        await own.transport.stop();
      },
      60_000,
    );
  });
}
