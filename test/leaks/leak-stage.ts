// A server that counts what it holds, its database behind a proxy that can refuse it, and people with devices.
import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as delay} from 'node:timers/promises';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {openFaultProxy, type FaultProxy} from '#test/support/fault-proxy.ts';
import {randomClientId} from '#test/support/live-device.ts';
import {personOf, readAnswer, type Person} from '#test/support/world.ts';
import type {Holdings, Told} from './counted-server.ts';

export interface Stage {
  /** `http://host:port`. */
  readonly url: string;
  readonly database: FaultProxy;
  /** Each a person on a device of their own, with the Yjs client id it always writes under. */
  readonly devices: readonly {readonly person: Person; readonly clientId: number}[];
  /** Tasks that are there. */
  readonly recordIds: readonly string[];
  readonly count: () => Promise<Holdings>;
  readonly close: () => Promise<void>;
}

/** In it the server is told who calls: of many addresses, as failures count by address. */
export const CALLER_HEADER = 'x-caller';

const DEVICES = 8;
const RECORDS = 20;
const POOL_MAX = 4;
const READY_MS_MAX = 120_000;
/** Milliseconds for the server to let go of what was closed. */
const SETTLE_MS_MAX = 60_000;

const serverFile = fileURLToPath(new URL('counted-server.ts', import.meta.url));

/** databaseUrl: of an empty or migrated database. folder: for the server's own files. */
export async function openStage({
  databaseUrl,
  folder,
}: {
  databaseUrl: string;
  folder: string;
}): Promise<Stage> {
  const database = await openFaultProxy(databaseUrl);
  const dataDir = join(folder, 'leak-server');
  const child = fork(serverFile, {
    // Ctrl-C is for whoever counts; this one ends with it.
    detached: true,
    execArgv: ['--expose-gc', '--import', './load-typescript.js'],
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      DATABASE_POOL_MAX: String(POOL_MAX),
      CLIENT_ADDRESS_HEADER: CALLER_HEADER,
      TRANSPORT: 'ws',
      NODE_ENV: '',
    },
  });
  const told = await next(child, 'listening');
  const {url} = told;
  const prepared = await prepare(url, dataDir);
  return {
    url,
    database,
    ...prepared,
    async count() {
      child.send('count');
      return (await next(child, 'holds')).holdings;
    },
    async close() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await database.close();
    },
  };
}

async function next<K extends Told['kind']>(child: ChildProcess, kind: K): Promise<Extract<Told, {kind: K}>> {
  const timeout = AbortSignal.timeout(READY_MS_MAX);
  for (;;) {
    const [told] = (await once(child, 'message', {signal: timeout})) as [Told];
    if (told.kind === kind) return told as Extract<Told, {kind: K}>;
  }
}

async function prepare(url: string, dataDir: string): Promise<Pick<Stage, 'devices' | 'recordIds'>> {
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const subject = `user_${randomUUID()}`;
  const email = `${subject}@example.com`;
  const token = await issuer.issue({subject, email, name: 'Ana Example', expiresInSeconds: 86_400});
  const ask = async <Body>(path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    // A connection that is kept would be counted.
    headers.set('connection', 'close');
    return readAnswer<Body>(await fetch(url + path, {...init, headers}));
  };
  const nobody = personOf(ask, {subject, email, token, deviceId: randomUUID(), tenantId: null});
  const {body} = await nobody.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
  const manager = nobody.in(body.id);
  const made = await manager.push(
    Array.from({length: RECORDS}, (_, at) => ({entity: 'tasks', payload: {title: `Task ${at}`}})),
  );
  const devices = Array.from({length: DEVICES}, () => ({
    person: manager.onNewDevice(),
    clientId: randomClientId(),
  }));
  return {devices, recordIds: made.flatMap(({entityId}) => entityId ?? [])};
}

/** Everything but the heap, which is never twice the same. */
export const withoutHeap = ({heapBytes: _heapBytes, ...rest}: Holdings): Omit<Holdings, 'heapBytes'> => rest;

/** What the server holds once it holds as much as `baseline`; what it holds in the end, if it never does. */
export async function settled(stage: Stage, baseline: Holdings | null): Promise<Holdings> {
  const wanted = baseline === null ? null : JSON.stringify(withoutHeap(baseline));
  const endsAt = performance.now() + SETTLE_MS_MAX;
  let before = '';
  for (;;) {
    const holdings = await stage.count();
    const text = JSON.stringify(withoutHeap(holdings));
    if (text === (wanted ?? before) || performance.now() > endsAt) return holdings;
    before = text;
    await delay(wanted === null ? 500 : 100);
  }
}
