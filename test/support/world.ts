// A whole server for tests, but for the port: a real database, real tokens, the service and the REST app. People
// do everything over REST, as in life.
import {randomBytes, randomUUID} from 'node:crypto';
import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {inject} from 'vitest';
import type {PushResponse, PushResult} from '#crdt/protocol/push.ts';
import {createKeyring} from '#db/cipher.ts';
import {
  DEVELOPMENT_ISSUER,
  openDevelopmentIssuer,
  type DevelopmentIssuer,
} from '#server/auth/development-issuer.ts';
import {createTokenVerifier, type TokenVerifier} from '#server/auth/verify-token.ts';
import {createDiskStore} from '#server/files/disk-store.ts';
import {silentLogger, type Logger} from '#server/logger.ts';
import {createRestApp, type RestEdge} from '#server/rest/app.ts';
import {createService, type Service, type ServiceOptions} from '#server/sync/service.ts';
import {createTestDatabase, type TestDatabase} from './test-database.ts';

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, as the asker expects it; the text of anything else; null if empty. */
  readonly body: Body;
}

/** A refusal. */
export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export interface PullBody {
  readonly serverTime: string;
  readonly changes: readonly {
    readonly op: 'upsert' | 'delete';
    readonly entity: string;
    readonly entityId: string;
    readonly updatedAt: string;
    readonly payload: Readonly<Record<string, unknown>> | null;
    readonly reason?: string;
  }[];
  readonly nextCursor: string;
  readonly hasMore: boolean;
}

/** A user on one device, in the tenant given. */
export interface Person {
  readonly subject: string;
  readonly email: string;
  readonly token: string;
  readonly deviceId: string;
  readonly tenantId: string | null;
  readonly get: <Body = unknown>(path: string, headers?: Record<string, string>) => Promise<Answer<Body>>;
  /** A body that is text is sent as it is. */
  readonly post: <Body = unknown>(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer<Body>>;
  /** Any other method; a body only where one is given. */
  readonly send: <Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer<Body>>;
  /** Pushes from the device; each change gets what it lacks: op, id, time. */
  readonly push: (changes: readonly object[], envelope?: object) => Promise<PushResult[]>;
  /** One page; query such as `since=...&encoding=yjs`. */
  readonly pull: (query?: string) => Promise<PullBody>;
  /** The same user on another device. */
  readonly onNewDevice: () => Person;
  /** The same user and device in another tenant, or in none. */
  readonly in: (tenantId: string | null) => Person;
}

export interface World {
  readonly database: TestDatabase;
  readonly service: Service;
  readonly app: RestEdge;
  readonly issuer: DevelopmentIssuer;
  /** Where its files lie. */
  readonly dataDir: string;
  readonly verifier: TokenVerifier;
  /** Asks the app; no headers but those given. */
  readonly ask: <Body = unknown>(path: string, init?: RequestInit, address?: string) => Promise<Answer<Body>>;
  /** Somebody without a tenant. */
  readonly newPerson: (name?: string) => Promise<Person>;
  /** A new tenant's manager. */
  readonly newManager: (tenantName?: string) => Promise<Person & {readonly tenantId: string}>;
  /** Somebody new who accepts an invitation of `manager`. */
  readonly newMember: (manager: Person, role: 'manager' | 'employee') => Promise<Person>;
  /** The same person and device, asking this server. */
  readonly here: (person: Person) => Person;
  readonly close: () => Promise<void>;
}

export interface WorldOptions extends Partial<
  Pick<ServiceOptions, 'bus' | 'openFiles' | 'onRepair' | 'onFlush' | 'onFault' | 'pool'>
> {
  readonly log?: Logger;
  /** 32 bytes; absent: random ones. */
  readonly masterKey?: Buffer;
  /** A server on the same database, with the same keys. */
  readonly nextTo?: World;
}

/** Call `close` in `afterAll`. */
export async function createWorld({
  log = silentLogger,
  masterKey = randomBytes(32),
  nextTo,
  ...others
}: WorldOptions = {}): Promise<World> {
  const database = nextTo?.database ?? (await createTestDatabase({poolSize: 8}));
  const dataDir = nextTo?.dataDir ?? (await mkdtemp(join(inject('scratchFolder'), 'world-')));
  const service = await createService({
    pool: database.database.pool,
    keyring: nextTo?.service.keyring ?? createKeyring({current: masterKey}),
    now: Date.now,
    onFault: () => undefined,
    openFiles: (deps) => createDiskStore({folder: join(dataDir, 'files'), ...deps}),
    ...others,
  });
  const issuer = nextTo?.issuer ?? (await openDevelopmentIssuer({dataDir, now: Date.now}));
  const verifier = createTokenVerifier({
    jwtKey: issuer.publicKeyPem,
    issuer: DEVELOPMENT_ISSUER,
    now: Date.now,
  });
  const app = createRestApp({
    service,
    verifier,
    log,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve('fieldmerge_up 1\n'),
  });
  const ask: World['ask'] = async <Body>(path: string, init?: RequestInit, address = '192.0.2.1') =>
    readAnswer<Body>(await app.fetch(new Request(`http://test${path}`, init), address));

  const newPerson = async (name = 'Ana Example'): Promise<Person> => {
    const subject = `user_${randomUUID()}`;
    const email = `${subject}@example.com`;
    const token = await issuer.issue({subject, email, name});
    return personOf(ask, {subject, email, token, deviceId: randomUUID(), tenantId: null});
  };
  return {
    database,
    service,
    app,
    issuer,
    dataDir,
    verifier,
    ask,
    newPerson,
    async newManager(name = 'Example Services') {
      const person = await newPerson();
      const {body} = await person.post<{id: string}>('/v1/tenants', {name});
      const {id: tenantId} = body;
      return {...person.in(tenantId), tenantId};
    },
    async newMember(manager, role) {
      const person = await newPerson(`New ${role}`);
      const {tenantId} = manager;
      await manager.post(`/v1/tenants/${tenantId}/invite`, {email: person.email, role});
      const {deviceId} = person;
      const {status} = await person.post(`/v1/tenants/${tenantId}/activate`, {deviceId});
      if (status !== 200) throw new Error(`The invitation was not accepted: ${status}`);
      return person.in(tenantId);
    },
    here: (person) => personOf(ask, person),
    async close() {
      await service.lanes.idle();
      await service.stop();
      if (nextTo === undefined) await database.drop();
    },
  };
}

/** The answer of a server, read. */
export async function readAnswer<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body: unknown = text === '' ? null : isJson ? JSON.parse(text) : text;
  return {status: response.status, headers: response.headers, body: body as Body};
}

type PersonFacts = Pick<Person, 'subject' | 'email' | 'token' | 'deviceId' | 'tenantId'>;

/** A person who asks through `ask`. */
export function personOf(ask: World['ask'], facts: PersonFacts): Person {
  const {token, deviceId, tenantId} = facts;
  const own: Record<string, string> = {
    authorization: `Bearer ${token}`,
    'x-device-id': deviceId,
    ...(tenantId === null ? {} : {'x-tenant-id': tenantId}),
  };
  const post: Person['post'] = (path, body, headers = {}) =>
    ask(path, {
      method: 'POST',
      headers: {...own, 'content-type': 'application/json', ...headers},
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const send: Person['send'] = (method, path, body, headers = {}) =>
    ask(path, {
      method,
      headers: {...own, ...(body === undefined ? {} : {'content-type': 'application/json'}), ...headers},
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
    });
  const get: Person['get'] = (path, headers = {}) => ask(path, {headers: {...own, ...headers}});
  return {
    ...facts,
    get,
    post,
    send,
    async push(changes, envelope = {}) {
      const request = {deviceId, changes: changes.map(completeChange), ...envelope};
      const {status, body} = await post<PushResponse>('/v1/sync/push', request);
      if (status !== 200) throw new Error(`A push was answered ${status}: ${JSON.stringify(body)}`);
      return body.results;
    },
    async pull(query = 'limit=1000') {
      const {status, body} = await get<PullBody>(`/v1/sync/pull?${query}`);
      if (status !== 200) throw new Error(`A pull was answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    onNewDevice: () => personOf(ask, {...facts, deviceId: randomUUID()}),
    in: (other) => personOf(ask, {...facts, tenantId: other}),
  };
}

const completeChange = (change: object): object => ({
  op: 'upsert',
  entityId: randomUUID(),
  clientUpdatedAt: new Date().toISOString(),
  ...change,
});
