// Plain HTTP beside the sockets, seen with fetch, node's agent and bare TCP. Request bodies: http-bodies-suite.ts.

import {Agent, request as httpRequest} from 'node:http';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {AppLog, makeApp} from './http-app.ts';
import {BareClient} from './live-client.ts';
import {ANSWER_HEADERS, type Served, serve} from './served.ts';
import type {TransportUnderTest} from './transport-kinds.ts';

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

    test.each(['/told', '/nothing', '/empty', '/throws', '/large', '/cookies'])(
      'the answer to %s carries the headers of every answer',
      async (path) => {
        for (const method of ['GET', 'HEAD']) {
          const {headers} = await fetch(`${base}${path}`, {method});
          for (const [name, value] of ANSWER_HEADERS) expect(headers.get(name)).toBe(value);
        }
      },
    );

    test('an answer that names one of them itself keeps its own', async () => {
      const {headers} = await fetch(`${base}/kept`);
      expect(headers.get('cache-control')).toBe('max-age=60');
      expect(headers.get('x-frame-options')).toBe('DENY');
    });

    test('JSON goes in and out with its status', async () => {
      const response = await fetch(`${base}/echo`, {
        method: 'POST',
        body: JSON.stringify({name: 'Zoë', list: [1, 2]}),
      });
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
