import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {createLogger} from '#server/logger.ts';
import {createRestApp, type RestEdge} from './app.ts';
import type {RestDeps} from './route.ts';
import {createWorld, type Answer, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
let manager: Person & {readonly tenantId: string};
beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
});
afterAll(() => world.close());

type Refusal = Answer<ProblemBody>;
const codeOf = ({status, body}: Refusal) => [status, body.code];

/** The same app but for some of what it is given. */
function appWith(deps: Partial<RestDeps>): RestEdge {
  const {service, verifier} = world;
  return createRestApp({
    service,
    verifier,
    log: createLogger({level: 'silent'}),
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve(''),
    ...deps,
  });
}

test('health, readiness and figures are for anybody', async () => {
  expect(await world.ask('/healthz')).toMatchObject({status: 200, body: {status: 'alive'}});
  expect(await world.ask('/readyz')).toMatchObject({status: 200, body: {status: 'ready'}});
  const metrics = await world.ask('/metrics');
  expect(metrics.body).toBe('fieldmerge_up 1\n');
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
});

test('a server that is not ready says why, and when to ask again', async () => {
  const app = appWith({whyNotReady: () => Promise.resolve('database')});
  const answer = await app.fetch(new Request('http://test/readyz'), '::1');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await answer.json()).toMatchObject({
    code: 'not_ready',
    detail: 'The database does not answer. Try again.',
  });
});

test('every refusal is problem+json with a code, what to do and the request id', async () => {
  const answer = await world.ask<ProblemBody>('/v1/tenants');
  expect(answer.status).toBe(401);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  expect(answer.body).toEqual({
    type: 'about:blank',
    title: 'No valid token was sent.',
    status: 401,
    detail: 'Send a fresh session token.',
    code: 'unauthenticated',
    requestId: answer.headers.get('x-request-id'),
  });
});

test("a caller's request id is kept if it is harmless", async () => {
  const ask = async (id: string) =>
    (await world.ask('/healthz', {headers: {'x-request-id': id}})).headers.get('x-request-id');
  expect(await ask('trace-0123.abc')).toBe('trace-0123.abc');
  expect(await ask('no spaces, please')).toMatch(/^[0-9a-f-]{36}$/);
});

test('unknown paths and methods are told apart', async () => {
  expect(codeOf(await world.ask('/v1/nothing'))).toEqual([404, 'not_found']);
  expect(codeOf(await world.ask('/'))).toEqual([404, 'not_found']);
  const push = await world.ask<ProblemBody>('/v1/sync/push');
  expect([...codeOf(push), push.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'POST']);
  const one = await world.ask<ProblemBody>('/v1/conflicts/x/resolve', {method: 'DELETE'});
  expect([...codeOf(one), one.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'POST']);
  const own = await world.ask<ProblemBody>('/v1/tenants', {method: 'PUT'});
  expect([...codeOf(own), own.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, HEAD, POST']);
});

test('bodies that cannot be read are refused before anything else', async () => {
  const push = (body: string, headers = {}) => manager.post<ProblemBody>('/v1/sync/push', body, headers);
  for (const body of ['', '{', 'null x', '{"a":1}}']) {
    expect([body, ...codeOf(await push(body))]).toEqual([body, 400, 'bad_json']);
  }
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
  ]) {
    expect(codeOf(await push('{}', {'content-type': type}))).toEqual([415, 'unsupported_media_type']);
  }
  expect(codeOf(await push(`"${'x'.repeat(1024 * 1024)}"`))).toEqual([413, 'body_too_large']);
});

test('a body that is no UTF-8, breaks off or does not end is refused', async () => {
  const headers = {
    authorization: `Bearer ${manager.token}`,
    'x-tenant-id': manager.tenantId,
    'content-type': 'application/json',
  };
  const post = (body: NonNullable<RequestInit['body']>) =>
    world.ask<ProblemBody>('/v1/sync/push', {method: 'POST', headers, body, duplex: 'half'});
  expect(codeOf(await post(Uint8Array.of(0x22, 0xff, 0x22)))).toEqual([400, 'bad_json']);
  const broken = new ReadableStream({pull: (to) => to.error(new Error('the peer is gone'))});
  expect(codeOf(await post(broken))).toEqual([400, 'bad_json']);
  const endless = new ReadableStream({pull: (to) => to.enqueue(new Uint8Array(64 * 1024).fill(0x20))});
  expect(codeOf(await post(endless))).toEqual([413, 'body_too_large']);
});

test('a request that does not fit its schema names the members at fault', async () => {
  const {deviceId} = manager;
  const cases: [object | string, string][] = [
    ['[]', 'body'],
    ['null', 'body'],
    [{deviceId}, 'changes'],
    [{changes: []}, 'deviceId'],
    [{deviceId: 'phone', changes: []}, 'deviceId'],
    [{deviceId, changes: {}}, 'changes'],
    [{deviceId, changes: Array.from({length: 501}, () => ({}))}, 'changes'],
    [{deviceId, changes: [], deviceTime: 'now'}, 'deviceTime'],
    [{deviceId, changes: [], clientId: 2 ** 32}, 'clientId'],
    [{deviceId: randomUUID(), changes: []}, 'deviceId'],
  ];
  for (const [body, field] of cases) {
    const answer = await manager.post<ProblemBody>('/v1/sync/push', body);
    expect([...codeOf(answer), Object.keys(answer.body.fields ?? {})]).toEqual([400, 'bad_request', [field]]);
  }
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['encoding=xml', 'encoding'],
  ]) {
    const answer = await manager.get<ProblemBody>(`/v1/sync/pull?${query}`);
    expect([...codeOf(answer), Object.keys(answer.body.fields ?? {})]).toEqual([400, 'bad_request', [field]]);
  }
});

// I10 of docs/reliability.md.
test('cursors that are none are refused, and foreign ones ask for a resync', async () => {
  const other = await world.newManager();
  const {nextCursor} = await other.pull();
  for (const path of ['/v1/sync/pull', '/v1/conflicts', '/v1/audit']) {
    for (const since of ['x', 'c1.x', '0', '2026-13-01T00:00:00Z', `${nextCursor}!`, 'c1.%00']) {
      const answer = await manager.get<ProblemBody>(`${path}?since=${since}`);
      expect([path, since, ...codeOf(answer)]).toEqual([path, since, 400, 'bad_cursor']);
    }
    const foreign = await manager.get<ProblemBody>(`${path}?since=${nextCursor}`);
    expect([path, ...codeOf(foreign)]).toEqual([path, 410, 'resync']);
  }
});

test('expired, forged and broken tokens open nothing', async () => {
  const {subject} = manager;
  const expired = await world.issuer.issue({subject, expiresInSeconds: -60});
  const tokens: [string, string][] = [
    [expired, 'token_expired'],
    [`${manager.token.slice(0, -4)}AAAA`, 'unauthenticated'],
    ['x', 'unauthenticated'],
  ];
  for (const [token, code] of tokens) {
    const headers = {authorization: `Bearer ${token}`};
    const answer = await world.ask<ProblemBody>('/v1/me', {headers}, '198.51.100.7');
    expect(codeOf(answer)).toEqual([401, code]);
  }
  const basic = await world.ask<ProblemBody>('/v1/me', {headers: {authorization: 'Basic eDp5'}});
  expect(codeOf(basic)).toEqual([401, 'unauthenticated']);
});

test('headers that are no ids are refused by name', async () => {
  for (const name of ['X-Tenant-Id', 'X-Device-Id']) {
    const answer = await manager.get<ProblemBody>('/v1/sync/pull', {[name.toLowerCase()]: 'one'});
    expect([...codeOf(answer), Object.keys(answer.body.fields ?? {})]).toEqual([400, 'bad_request', [name]]);
  }
});

test('an address whose tokens keep failing is held off, others are not', async () => {
  const app = appWith({clientAddressHeader: 'fly-client-ip'});
  const ask = (address: string, token: string) =>
    app.fetch(
      new Request('http://test/v1/me', {
        headers: {authorization: `Bearer ${token}`, 'fly-client-ip': address},
      }),
      '10.0.0.1',
    );
  for (let count = 0; count < 60; count++) expect((await ask('203.0.113.5', 'forged')).status).toBe(401);
  const held = await ask('203.0.113.5', manager.token);
  expect(held.status).toBe(429);
  expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await held.json()).toMatchObject({code: 'rate_limited'});
  expect((await ask('203.0.113.6', manager.token)).status).toBe(200);
});

/** Pushes two tasks and something that is none to an app whose lane answers as told. */
async function pushWith(submit: World['service']['lanes']['submit']): Promise<Response> {
  const app = appWith({service: {...world.service, lanes: {...world.service.lanes, submit}}});
  const change = (entity: string) => ({
    op: 'upsert',
    entity,
    entityId: randomUUID(),
    clientUpdatedAt: new Date().toISOString(),
    payload: {title: 'A'},
  });
  const {token, tenantId, deviceId} = manager;
  const headers = {
    authorization: `Bearer ${token}`,
    'x-tenant-id': tenantId,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({deviceId, changes: ['tasks', 'tasks', 'nonsense'].map(change)});
  return app.fetch(new Request('http://test/v1/sync/push', {method: 'POST', headers, body}), '::1');
}

test('a lane that takes no more asks for the whole request again', async () => {
  const answer = await pushWith(() => Promise.reject(new SyncError('overloaded')));
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await answer.json()).toMatchObject({code: 'overloaded'});
});

test('a change that the lane had no room for may be sent again, the others are done', async () => {
  const {lanes} = world.service;
  let count = 0;
  const answer = await pushWith((submission) =>
    count++ === 0 ? lanes.submit(submission) : Promise.reject(new SyncError('overloaded')),
  );
  expect(await answer.json()).toMatchObject({
    results: [
      {status: 'applied'},
      {status: 'rejected', error: {code: 'overloaded'}},
      {status: 'rejected', error: {code: 'unknown_entity'}},
    ],
  });
});

// I35 of docs/reliability.md.
test('a fault of ours is told by its request id alone, and logged with its cause', async () => {
  const lines: string[] = [];
  const log = createLogger({level: 'error', destination: {write: (line) => lines.push(line)}});
  const users = {...world.service.users, resolveUser: () => Promise.reject(new Error('secret of ours'))};
  const app = appWith({log, service: {...world.service, users}});
  const answer = await app.fetch(
    new Request('http://test/v1/me', {headers: {authorization: `Bearer ${manager.token}`}}),
    '::1',
  );
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).not.toMatch(/secret|at .*\.ts/);
  const {requestId, code} = JSON.parse(text) as ProblemBody;
  expect(code).toBe('internal');
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({level: 'error', requestId, err: {name: 'Error'}});
});

test('a database that is away is told as such', async () => {
  const users = {
    ...world.service.users,
    resolveUser: () => Promise.reject(new Error('Connection terminated unexpectedly')),
  };
  const app = appWith({service: {...world.service, users}});
  const answer = await app.fetch(
    new Request('http://test/v1/me', {headers: {authorization: `Bearer ${manager.token}`}}),
    '::1',
  );
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
});

test('pages of allowed origins may read answers, others may not', async () => {
  const app = appWith({allowedOrigins: ['https://console.example']});
  const ask = (origin: string, {method = 'GET', headers = {}} = {}) =>
    app.fetch(new Request('http://test/healthz', {method, headers: {...headers, origin}}), '::1');
  expect((await ask('https://console.example')).headers.get('access-control-allow-origin')).toBe(
    'https://console.example',
  );
  const strange = await ask('https://elsewhere.example');
  expect(strange.headers.has('access-control-allow-origin')).toBe(false);
  expect([strange.status, await strange.json()]).toMatchObject([403, {code: 'origin_refused'}]);
  const preflight = {method: 'OPTIONS', headers: {'access-control-request-method': 'POST'}};
  const first = await ask('https://console.example', preflight);
  expect(first.status).toBe(204);
  expect(first.headers.get('access-control-allow-headers')).toMatch(/X-Tenant-Id/);
});

test('behind a proxy that ends TLS, what came by plain http is refused before anything is read', async () => {
  const app = appWith({requireTls: true});
  const ask = (path: string, forwarded?: string) => {
    const headers = {
      authorization: `Bearer ${manager.token}`,
      ...(forwarded === undefined ? {} : {'x-forwarded-proto': forwarded}),
    };
    return app.fetch(new Request(`http://test${path}`, {headers}), '::1');
  };
  const plain = await ask('/v1/me', 'http');
  expect([plain.status, await plain.json()]).toMatchObject([
    403,
    {code: 'tls_required', requestId: plain.headers.get('x-request-id')},
  ]);
  expect((await ask('/v1/me')).status).toBe(403);
  expect((await ask('/v1/me', 'https')).status).toBe(200);
  expect((await ask('/readyz')).status).toBe(200);
});

test('the document of the interface has every route, from the schemas in use', () => {
  const {paths} = world.app.describe() as {paths: Record<string, Record<string, object>>};
  const expected = [
    '/healthz',
    '/metrics',
    '/readyz',
    '/v1/audit',
    '/v1/clients',
    '/v1/conflicts',
    '/v1/conflicts/{id}/resolve',
    '/v1/employees',
    '/v1/finance-entries',
    '/v1/me',
    '/v1/service-types',
    '/v1/sync/pull',
    '/v1/sync/push',
    '/v1/tasks',
    '/v1/teams',
    '/v1/tenants',
    '/v1/tenants/{id}/activate',
    '/v1/tenants/{id}/invite',
  ];
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(expected));
  expect(JSON.stringify(paths['/v1/sync/push'])).toMatch(/clientUpdatedAt/);
});
