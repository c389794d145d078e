// Plain HTTP beside the sockets, seen with fetch, node's agent and bare TCP.

import {Agent, request as httpRequest} from 'node:http';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {FetchHttp} from '#server/live/socket.ts';
import {BareClient} from './live-client.ts';
import {BODY_BYTES_MAX, type Served, serve} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';
import {Watched} from './watch.ts';

/** What the app saw of requests that test the way there, and what became of its endless answer. */
class AppLog extends Watched {
  slow = 0;
  cancelled = 0;
  bodiesBegun = 0;
  bodiesBroken = 0;
}

const CHUNK = new Uint8Array(64 * 1024).fill(7);

function makeApp(log: AppLog): FetchHttp {
  return async (request, remoteAddress) => {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/told':
        return Response.json({
          method: request.method,
          query: url.search,
          header: request.headers.get('x-test'),
          remoteAddress,
        });
      case '/echo':
        return Response.json(await request.json(), {status: 201});
      case '/size':
        return Response.json({size: (await request.arrayBuffer()).byteLength});
      case '/unread':
        return new Response('no', {status: 401});
      case '/broken':
        log.bodiesBegun++;
        log.changed();
        await request.arrayBuffer().catch(() => {
          log.bodiesBroken++;
          log.changed();
        });
        return new Response();
      case '/cookies':
        return new Response('x', {
          headers: [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        });
      case '/empty':
        return new Response(null, {status: 204});
      case '/throws':
        throw new Error('secret detail');
      case '/slow':
        log.slow++;
        log.changed();
        await log.until(() => log.slow === 0);
        return new Response('late');
      case '/endless':
        return new Response(endless(log));
      case '/large':
        return new Response(new Uint8Array(8 * 1024 * 1024).fill(5));
      default:
        return Response.json({code: 'not_found'}, {status: 404});
    }
  };
}

const endless = (log: AppLog): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: (controller) => controller.enqueue(CHUNK),
    cancel: () => {
      log.cancelled++;
      log.changed();
    },
  });

export function describeHttp(under: TransportUnderTest): void {
  describe('http', () => {
    const log = new AppLog();
    let served: Served;
    let base: string;
    beforeAll(async () => {
      served = await serve(under, {fetch: makeApp(log), headMsMax: 300});
      base = `http://127.0.0.1:${served.port}`;
    });
    afterAll(() => served.transport.stop());

    const post = (path: string, body: NonNullable<RequestInit['body']>): Promise<Response> =>
      fetch(`${base}${path}`, {method: 'POST', body, duplex: 'half'});

    test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
      '%s arrives with its head',
      async (method) => {
        const response = await fetch(`${base}/told?a=%2F&b=c+d&b=%20&e`, {
          method,
          headers: {'x-test': 'a, b'},
        });
        expect(await response.json()).toEqual({
          method,
          query: '?a=%2F&b=c+d&b=%20&e',
          header: 'a, b',
          remoteAddress: '127.0.0.1',
        });
      },
    );

    test('JSON goes in and out with its status', async () => {
      const response = await post('/echo', JSON.stringify({name: 'Zoë', list: [1, 2]}));
      expect(response.status).toBe(201);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(response.headers.get('content-length')).not.toBeNull();
      expect(await response.json()).toEqual({name: 'Zoë', list: [1, 2]});
    });

    test('HEAD answers the head alone, and the connection goes on', async () => {
      const response = await fetch(`${base}/told`, {method: 'HEAD'});
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
      expect((await fetch(`${base}/told`)).status).toBe(200);
    });

    test('what the app does not know is its 404', async () => {
      const response = await fetch(`${base}/nothing`);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({code: 'not_found'});
    });

    test('204 has no body', async () => {
      const response = await fetch(`${base}/empty`);
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
    });

    test('each cookie keeps a header of its own', async () => {
      expect((await fetch(`${base}/cookies`)).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    });

    test('what the app throws is a 500 that tells nothing of it', async () => {
      const response = await fetch(`${base}/throws`);
      expect(response.status).toBe(500);
      const body = await response.text();
      expect(JSON.parse(body)).toMatchObject({code: 'internal', status: 500});
      expect(body).not.toContain('secret');
    });

    test('a body at the limit is taken', async () => {
      expect(await (await post('/size', new Uint8Array(BODY_BYTES_MAX))).json()).toEqual({
        size: BODY_BYTES_MAX,
      });
    });

    test.each(['/size', '/unread'])('a body announced above the limit is answered 413 (%s)', async (path) => {
      const response = await post(path, new Uint8Array(BODY_BYTES_MAX + 1));
      expect(response.status).toBe(413);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({code: 'body_too_large', status: 413});
    });

    test('a large body announced to be sent is answered before it comes', async () => {
      const bare = new BareClient(served.port);
      bare.tcp.write('POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n');
      await bare.until(() => bare.received.includes('body_too_large') || bare.isClosed);
      expect(bare.received).toContain('HTTP/1.1 413 ');
      bare.tcp.destroy();
    });

    test('a body in chunks that grows above the limit is answered 413', async () => {
      const chunks = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (let at = 0; at < 5; at++) controller.enqueue(new Uint8Array(BODY_BYTES_MAX / 4));
          controller.close();
        },
      });
      const response = await post('/size', chunks);
      expect(response.status).toBe(413);
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

    test('a large answer arrives whole', async () => {
      const bytes = new Uint8Array(await (await fetch(`${base}/large`)).arrayBuffer());
      expect(bytes.byteLength).toBe(8 * 1024 * 1024);
      expect(bytes.every((byte) => byte === 5)).toBe(true);
    });

    test('an endless answer is read in pieces and stops when its reader leaves', async () => {
      const abort = new AbortController();
      const response = await fetch(`${base}/endless`, {signal: abort.signal});
      const reader = response.body!.getReader();
      for (let read = 0; read < 1024 * 1024;) {
        const piece = (await reader.read()) as {value: Uint8Array | undefined};
        read += piece.value?.byteLength ?? 0;
      }
      const before = log.cancelled;
      abort.abort();
      await log.until(() => log.cancelled > before);
    });

    test('a request aborted while the app works crashes nothing', async () => {
      const abort = new AbortController();
      const answer = fetch(`${base}/slow`, {signal: abort.signal}).catch((error: unknown) => error);
      await log.until(() => log.slow === 1);
      abort.abort();
      expect(await answer).toBeInstanceOf(Error);
      log.slow = 0;
      log.changed();
      expect((await fetch(`${base}/told`)).status).toBe(200);
    });

    test('a body cut short is an error to whoever reads it', async () => {
      const bare = new BareClient(served.port);
      bare.tcp.write('POST /broken HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
      await log.until(() => log.bodiesBegun === 1);
      bare.tcp.resetAndDestroy();
      await log.until(() => log.bodiesBroken === 1);
    });

    test('requests run side by side', async () => {
      const answers = [1, 2, 3].map(() => fetch(`${base}/slow`));
      await log.until(() => log.slow === 3);
      expect((await fetch(`${base}/told`)).status).toBe(200);
      log.slow = 0;
      log.changed();
      expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(
        answers.map(() => 'late'),
      );
    });

    test('a connection is kept for the next request', async () => {
      const agent = new Agent({keepAlive: true, maxSockets: 1});
      const ask = (): Promise<boolean> =>
        new Promise((resolve, reject) => {
          const asked = httpRequest(`${base}/told`, {agent}, (response) => {
            response.resume().on('end', () => resolve(asked.reusedSocket));
          });
          asked.on('error', reject).end();
        });
      expect([await ask(), await ask()]).toEqual([false, true]);
      agent.destroy();
    });

    test('a head of 12 KiB is taken, one of 64 KiB is refused', async () => {
      const headers = {authorization: 'x'.repeat(12 * 1024)};
      expect((await fetch(`${base}/told`, {headers})).status).toBe(200);
      const bare = new BareClient(served.port);
      bare.tcp.write(`GET /told HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(64 * 1024)}\r\n\r\n`);
      await bare.until(() => bare.isClosed);
      expect(bare.received).not.toContain('HTTP/1.1 200');
    });

    test.each([
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: [\r\n\r\n',
      'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n',
    ])('a request that cannot be one is answered in the 400s: %j', async (text) => {
      const bare = new BareClient(served.port);
      bare.tcp.write(text);
      await bare.until(() => bare.received.includes('\r\n\r\n') || bare.isClosed);
      expect(bare.received).toMatch(/^HTTP\/1\.1 4\d\d /);
      bare.tcp.destroy();
    });

    test('a head that never ends is cut', {timeout: 60_000}, async () => {
      const bare = new BareClient(served.port);
      bare.tcp.write('GET /told HTTP/1.1\r\nHost: x\r\n');
      await bare.until(() => bare.isClosed);
      expect(bare.received).not.toContain('HTTP/1.1 200');
    });
  });
}
