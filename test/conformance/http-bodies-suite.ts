// Request bodies over plain HTTP: whole, in chunks, unread, cut short, and larger than allowed.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {AppLog, makeApp} from './http-app.ts';
import {BareClient} from './live-client.ts';
import {ANSWER_HEADERS, BODY_BYTES_MAX, type Served, serve} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';

const LARGE_BYTES_MAX = 4 * BODY_BYTES_MAX;

export function describeHttpBodies(under: TransportUnderTest): void {
  describe('http bodies', () => {
    const log = new AppLog();
    let served: Served;
    let base: string;
    beforeAll(async () => {
      const largeBodies = {prefix: '/large/', bytesMax: LARGE_BYTES_MAX};
      served = await serve(under, {fetch: makeApp(log), largeBodies});
      base = `http://127.0.0.1:${served.port}`;
    });
    afterAll(() => served.transport.stop());

    const post = (path: string, body: NonNullable<RequestInit['body']>): Promise<Response> =>
      fetch(`${base}${path}`, {method: 'POST', body, duplex: 'half'});

    test('a body at the limit is taken', async () => {
      expect(await (await post('/size', new Uint8Array(BODY_BYTES_MAX))).json()).toEqual({
        size: BODY_BYTES_MAX,
      });
    });

    test.each(['/size', '/unread'])('a body announced above the limit is answered 413 (%s)', async (path) => {
      const response = await post(path, new Uint8Array(BODY_BYTES_MAX + 1));
      expect(response.status).toBe(413);
      for (const [name, value] of ANSWER_HEADERS) expect(response.headers.get(name)).toBe(value);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({code: 'body_too_large', status: 413});
    });

    test('a peer in the middle of sending far too much sees the answer, not a reset', async () => {
      const response = await post('/size', new Uint8Array(BODY_BYTES_MAX * 150));
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({code: 'body_too_large'});
    });

    test('a large body announced to be sent is answered before it comes', async () => {
      const bare = new BareClient(served.port);
      bare.tcp.write('POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n');
      await bare.until(() => bare.received.includes('body_too_large') || bare.isClosed);
      expect(bare.received).toContain('HTTP/1.1 413 ');
      bare.tcp.destroy();
    });

    test('a path of its own takes larger bodies, up to its own limit', async () => {
      expect(await (await post('/large/size', new Uint8Array(LARGE_BYTES_MAX))).json()).toEqual({
        size: LARGE_BYTES_MAX,
      });
      expect((await post('/large/size', new Uint8Array(LARGE_BYTES_MAX + 1))).status).toBe(413);
    });

    test.each(['/large/../size', '/large/%2e%2e/size', '/size?/large/'])(
      'no other path takes them by being asked for as %s',
      async (target) => {
        const bare = new BareClient(served.port);
        bare.tcp.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`);
        await bare.until(() => bare.received.includes('body_too_large') || bare.isClosed);
        expect(bare.received).toContain('HTTP/1.1 413 ');
        bare.tcp.destroy();
      },
    );

    test('a body in chunks that grows above the limit is answered 413', async () => {
      const chunks = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (let at = 0; at < 5; at++) controller.enqueue(new Uint8Array(BODY_BYTES_MAX / 4));
          controller.close();
        },
      });
      const response = await post('/size', chunks);
      expect(response.status).toBe(413);
      for (const [name, value] of ANSWER_HEADERS) expect(response.headers.get(name)).toBe(value);
      expect(await response.json()).toMatchObject({code: 'body_too_large'});
    });

    test('a body in chunks below the limit is taken', async () => {
      const chunks = new Blob([new Uint8Array(20_000), new Uint8Array(20_000)]).stream();
      expect(await (await post('/size', chunks)).json()).toEqual({size: 40_000});
    });

    test('a body that the app does not read does not disturb the next request', async () => {
      for (let turn = 0; turn < 3; turn++) {
        expect((await post('/unread', new Uint8Array(BODY_BYTES_MAX))).status).toBe(401);
      }
    });

    test('a body cut short is an error to whoever reads it', async () => {
      const bare = new BareClient(served.port);
      bare.tcp.write('POST /broken HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
      await log.until(() => log.bodiesBegun === 1);
      bare.tcp.resetAndDestroy();
      await log.until(() => log.bodiesBroken === 1);
    });
  });
}
