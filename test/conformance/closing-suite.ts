// Upgrades and endings: whoever ends a connection, and however rudely, the session is told exactly once.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {BareClient, LiveClient, openClient} from './live-client.ts';
import {ANSWER_HEADERS, type Served, serve, type Session} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';

/** Frames that RFC 6455 forbids. `uws`: whether uWebSockets.js notices. */
const BROKEN_FRAMES = [
  {name: 'reserved bits', bytes: [0xf2, 0x80, 1, 2, 3, 4], uws: true},
  {name: 'an unknown opcode', bytes: [0x83, 0x80, 1, 2, 3, 4], uws: true},
  {name: 'a fragmented control frame', bytes: [0x09, 0x80, 1, 2, 3, 4], uws: true},
  // It takes the next four bytes for a mask: the session gets garbage, which its own parser refuses.
  {name: 'no mask', bytes: [0x82, 0x01, 1], uws: false},
] as const;

export function describeClosing(under: TransportUnderTest): void {
  describe('upgrades and endings', () => {
    let served: Served;
    beforeAll(async () => {
      served = await serve(under);
    });
    afterAll(() => served.transport.stop());

    const open = async (path = '/note'): Promise<{client: LiveClient; session: Session}> => {
      const client = new LiveClient(`ws://127.0.0.1:${served.port}${path}`);
      return {client, session: await served.sessionOf(() => client.opened())};
    };
    const closed = async (session: Session): Promise<number[]> => {
      await session.until(() => session.closedCodes.length > 0);
      return session.closedCodes;
    };

    test('the upgrade request is told as it came', async () => {
      const {session} = await open('/v1/a%2Fb?token=x%20y&n=1&n=2');
      expect(session.request).toMatchObject({
        path: '/v1/a%2Fb',
        query: 'token=x%20y&n=1&n=2',
        remoteAddress: '127.0.0.1',
      });
      expect(session.request.origin).toBeUndefined();
    });

    test.each([
      {code: 'unauthenticated', status: 401},
      {code: 'origin_refused', status: 403},
      {code: 'tls_required', status: 403},
      {code: 'not_found', status: 404},
      {code: 'rate_limited', status: 429},
      {code: 'not_ready', status: 503},
    ])('an upgrade is refused with $status and $code', async ({code, status}) => {
      const bare = await new BareClient(served.port).upgrade(`/refuse/${code}`);
      await bare.until(() => bare.isClosed);
      expect(bare.received).toContain(`HTTP/1.1 ${status} `);
      const head = bare.received.toLowerCase();
      expect(head).toContain('content-type: application/problem+json');
      for (const [name, value] of ANSWER_HEADERS)
        expect(head).toContain(`${name}: ${value}\r\n`.toLowerCase());
      const body = JSON.parse(bare.received.slice(bare.received.indexOf('\r\n\r\n') + 4)) as unknown;
      expect(body).toMatchObject({status, code});
    });

    test.each([
      {code: 4401, reason: 'session pending'},
      {code: 4502, reason: 'é'.repeat(61)},
      {code: 1000, reason: ''},
    ])('the server closes with $code and its reason', async ({code, reason}) => {
      const {client, session} = await open();
      session.socket.close(code, reason);
      expect(session.closedCodes).toEqual([]);
      await client.until(() => client.closed !== undefined);
      expect(client.closed).toEqual({code, reason});
      expect(await closed(session)).toEqual([code]);
    });

    test.each([{code: 1000}, {code: 4000}, {code: 1001}])('a peer closes with $code', async ({code}) => {
      const {client, session} = await open();
      client.ws.close(code, 'bye');
      expect(await closed(session)).toEqual([code]);
      await client.until(() => client.closed !== undefined);
      expect(client.closed?.code).toBe(code);
    });

    test('a close without a code is 1005', async () => {
      const {client, session} = await open();
      client.ws.close();
      expect(await closed(session)).toEqual([1005]);
    });

    test.each(['reset', 'end'] as const)('a lost connection is 1006 (%s)', async (how) => {
      const session = await served.sessionOf(async () => {
        const bare = await new BareClient(served.port).upgrade('/note');
        if (how === 'reset') bare.tcp.resetAndDestroy();
        else bare.tcp.end();
      });
      expect(await closed(session)).toEqual([1006]);
    });

    test.each(BROKEN_FRAMES)('a frame with $name is told as one ending', async ({bytes, uws}) => {
      const bare = new BareClient(served.port);
      const session = await served.sessionOf(() => bare.upgrade('/note'));
      bare.tcp.write(Buffer.from(bytes));
      if (under.kind === 'uws' && !uws) bare.tcp.destroy();
      expect(await closed(session)).toEqual([1006]);
      expect(session.frames).toEqual([]);
      await bare.until(() => bare.isClosed);
    });

    test('bytes that are no HTTP at all do not disturb others', async () => {
      const {client} = await open('/echo');
      const bare = new BareClient(served.port);
      bare.tcp.write(Buffer.from([0x16, 0x03, 0x01, 0, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]));
      expect([...(await client.echo(Buffer.of(5)))]).toEqual([5]);
      bare.tcp.destroy();
    });

    test('every member of a closed socket is harmless', async () => {
      const {client, session} = await open();
      client.ws.terminate();
      await closed(session);
      const {socket} = session;
      socket.send(Buffer.of(1));
      socket.ping();
      socket.pause(true);
      socket.pause(false);
      socket.close(4000, 'again');
      expect(socket.bufferedBytes()).toBe(0);
      expect(session.closedCodes).toHaveLength(1);
    });

    test('after close nothing but closed comes, even if the peer goes on sending', async () => {
      const {client, session} = await open();
      session.onFrame = () => session.socket.close(4000, 'enough');
      for (let number = 0; number < 50; number++) client.ws.send(Buffer.alloc(32));
      expect(await closed(session)).toHaveLength(1);
      expect(session.events).toEqual(['frame', 'closed']);
    });

    test('a paused connection closes all the same', async () => {
      const {client, session} = await open();
      session.socket.pause(true);
      session.socket.close(4000, 'enough');
      await client.until(() => client.closed !== undefined);
      expect(client.closed?.code).toBe(4000);
      expect(await closed(session)).toEqual([4000]);
    });

    test('a session may close its socket the moment it opens', async () => {
      const once = await serve(under, {
        accept: () => (socket) => {
          socket.close(4404, 'no');
          return {frame: noop, text: noop, pong: noop, drained: noop, closed: noop};
        },
      });
      const client = await openClient(once.port, '/');
      await client.until(() => client.closed !== undefined);
      expect(client.closed).toEqual({code: 4404, reason: 'no'});
      await once.transport.stop();
    });

    test('a port that is taken is an error', async () => {
      await expect(serve(under, {port: served.port})).rejects.toThrow();
    });

    test('stop closes every socket with 1012 and then nothing listens', async () => {
      const own = await serve(under);
      const clients = await Promise.all(Array.from({length: 10}, () => openClient(own.port, '/note')));
      await own.until(() => own.sessions.length === 10);
      own.sessions[0]?.socket.pause(true);
      await own.transport.stop();
      for (const client of clients) await client.until(() => client.closed !== undefined);
      expect(clients.map((client) => client.closed?.code)).toEqual(clients.map(() => 1012));
      expect(own.sessions.map((session) => session.closedCodes)).toEqual(clients.map(() => [1012]));
      const late = await openClient(own.port, '/note');
      expect(late.ws.readyState).not.toBe(late.ws.OPEN);
    });

    test('closed comes exactly once, last, on every connection', async () => {
      const own = await serve(under);
      const clients = await Promise.all(Array.from({length: 12}, () => openClient(own.port, '/echo')));
      await own.until(() => own.sessions.length === 12);
      for (const [number, client] of clients.entries()) {
        client.ws.send(Buffer.alloc(1_000));
        if (number % 4 === 0) client.ws.terminate();
        if (number % 4 === 1) client.ws.close(4001, 'x');
        if (number % 4 === 2) own.sessions[number]?.socket.close(4002, 'y');
      }
      await own.transport.stop();
      for (const session of own.sessions) {
        await closed(session);
        expect(session.count('closed')).toBe(1);
        expect(session.events.at(-1)).toBe('closed');
      }
    });
  });
}

const noop = (): void => undefined;
