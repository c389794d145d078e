// Traces as a receiver gets them from a real server: the way of a change, and nothing of what it says.
import {randomBytes, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect, onTestFinished, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {makeInvoice} from '#test/support/sending-scene.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {WAIT} from '#test/support/wait.ts';
import {personOf, readAnswer} from '#test/support/world.ts';
import {readConfig} from './config.ts';
import {silentLogger} from './logger.ts';
import {startServer} from './start.ts';
import {noTracing, openTracing} from './tracing.ts';

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly {readonly key: string}[];
}

interface Received {
  readonly url: string;
  readonly bodies: readonly string[];
  readonly spans: () => ReceivedSpan[];
}

/** Takes OTLP over HTTP, as JSON. */
async function startReceiver(): Promise<Received> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  interface Body {
    resourceSpans: {scopeSpans: {spans: ReceivedSpan[]}[]}[];
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    spans: () =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as Body).resourceSpans.flatMap(({scopeSpans}) =>
          scopeSpans.flatMap(({spans}) => spans),
        ),
      ),
  };
}

test('request, push, group, statements, fan-out and attempts are told, without any value, id or token', async () => {
  const receiver = await startReceiver();
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const read = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    DATA_DIR: await makeScratchFolder(),
    MASTER_KEY: randomBytes(32).toString('base64'),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
  if (!read.ok) throw new Error(read.faults.join());
  const server = await startServer(read.config, silentLogger);
  const subject = `user_${randomUUID()}`;
  const email = `${subject}@example.com`;
  const token = (await server.developmentIssuer?.issue({subject, email, name: 'Ana Example'})) ?? '';
  const maria = personOf(
    async <Body>(path: string, init?: RequestInit) => readAnswer<Body>(await fetch(server.url + path, init)),
    {subject, email, token, deviceId: randomUUID(), tenantId: null},
  );
  const {body: tenant} = await maria.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
  const manager = maria.in(tenant.id);
  const {invoiceId, clientId} = await makeInvoice(manager);
  await manager.post(`/v1/invoices/${invoiceId}/send`, {channels: ['sms']});
  const stateOf = async (): Promise<unknown> =>
    (await manager.get<{items: {state: string}[]}>(`/v1/invoices/${invoiceId}/deliveries`)).body.items[0]
      ?.state;
  await expect.poll(stateOf, WAIT).toBe('local');
  await server.stop();

  const spans = receiver.spans();
  const names = new Set(spans.map(({name}) => name));
  expect([...names].toSorted()).toEqual([
    'delivery attempt',
    'fan-out',
    'group commit',
    'http request',
    'push',
    'statement',
  ]);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const parentsOf = (name: string): (string | undefined)[] => [
    ...new Set(
      spans.filter((span) => span.name === name).map(({parentSpanId = ''}) => byId.get(parentSpanId)?.name),
    ),
  ];
  expect(parentsOf('push')).toEqual(['http request']);
  expect(parentsOf('fan-out')).toEqual(['group commit']);
  expect(parentsOf('group commit')).toEqual([undefined]);
  expect(parentsOf('statement')).not.toContain(undefined);

  const keys = new Set(spans.flatMap(({attributes}) => attributes.map(({key}) => key)));
  expect([...keys].toSorted()).toEqual([
    'changes',
    'channel',
    'db.operation.name',
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'records',
  ]);
  for (const secret of [token, subject, tenant.id, invoiceId, clientId, 'Erika', 'Boiler', '4915112345678'])
    expect(receiver.bodies.join('\n')).not.toContain(secret);
});

test('without a receiver nothing is loaded and nothing is done', async () => {
  expect(await openTracing(undefined)).toBe(noTracing);
  expect(noTracing.root('a', {}, () => 1) + noTracing.child('b', {}, () => 2)).toBe(3);
});

test('a receiver that is away holds up neither work nor the stop', async () => {
  const tracing = await openTracing('http://127.0.0.1:9');
  expect(tracing.root('a', {}, () => 1)).toBe(1);
  await expect(tracing.root('a', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await tracing.stop();
});
