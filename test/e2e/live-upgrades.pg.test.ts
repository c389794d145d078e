// Who may open a socket at all, decided before one is open: the answer is HTTP.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {startLive} from '../support/live-world.ts';
import {createWorld, type World} from '../support/world.ts';

interface Caller {
  readonly port: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The status, 101 for a socket that opened. */
async function upgrade({port, path = '/v1/sync/live', headers = {}}: Caller): Promise<number> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, {headers});
  return new Promise((resolve) => {
    ws.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      ws.terminate();
    });
    ws.on('open', () => {
      resolve(101);
      ws.terminate();
    });
    // Ending it early counts as an error.
    ws.on('error', () => undefined);
  });
}

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  test.each([
    {origin: undefined, status: 101},
    {origin: 'https://console.example', status: 101},
    {origin: 'https://evil.example', status: 403},
    {origin: 'null', status: 403},
    {origin: 'same', status: 101},
  ])('a page of $origin gets $status', async ({origin, status}) => {
    const {port} = await startLive(world, {start, allowedOrigins: ['https://console.example']});
    const named = origin === 'same' ? `http://127.0.0.1:${port}` : origin;
    const headers = named === undefined ? {} : {origin: named};
    expect(await upgrade({port, headers})).toBe(status);
    expect(await upgrade({port, headers, path: `/v1/sync/yjs/tasks/${randomUUID()}`})).toBe(status);
  });

  test.each([
    {forwarded: 'https', status: 101},
    {forwarded: 'wss', status: 101},
    {forwarded: 'http', status: 403},
    {forwarded: undefined, status: 403},
  ])('behind a proxy that ends TLS, $forwarded gets $status', async ({forwarded, status}) => {
    const {port} = await startLive(world, {start, requireTls: true});
    const headers = forwarded === undefined ? {} : {'x-forwarded-proto': forwarded};
    expect(await upgrade({port, headers})).toBe(status);
    expect(await upgrade({port, headers, path: `/v1/sync/yjs/tasks/${randomUUID()}`})).toBe(status);
  });

  test.each([
    '/v1/sync',
    '/v1/sync/live/',
    '/v1/sync/yjs/planets/55555555-5555-4555-8555-555555555555',
    '/v1/sync/yjs/tasks/not-a-uuid',
    '/v1/sync/yjs/tasks',
  ])('%s is not found', async (path) => {
    const {port} = await startLive(world, {start});
    expect(await upgrade({port, path})).toBe(404);
  });
});
