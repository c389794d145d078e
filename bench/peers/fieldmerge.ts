// Fieldmerge itself, started as `npm start` starts it and always complete: verified tokens, guard, merge, rows,
// conflicts, audit, encryption, and commits before acknowledgements.
import {randomUUID} from 'node:crypto';
import {FRAME_UPDATES_MAX, PUSH_CHANGES_MAX} from '#crdt/protocol/limits.ts';
import {decodeServerFrame, encodeFrame, type ServerFrame} from '#crdt/protocol/frame.ts';
import type {PushResponse} from '#crdt/protocol/push.ts';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {clientOf, recordIdOf, recordOf, SEEDER_CLIENT, seedUpdate} from '../load/tasks.ts';
import {startServerProcess} from '../server-process.ts';
import {getJson, inBatches, postJson, readPages} from './http.ts';
import type {
  Access,
  BurstEdit,
  BurstLink,
  CaughtUp,
  ConnectOptions,
  DeviceEvents,
  DeviceLink,
  Peer,
  PeerServer,
  StartOptions,
  TaskUpdate,
} from './peer.ts';
import {openSocket} from './web-socket.ts';

const ENTITY = 'tasks';
const PAGE = 1_000;
const DAY_SECONDS = 86_400;
const SEEDER = -1;

/** The manager whom the server itself makes for developers. */
const MANAGER = {subject: 'development_manager', email: 'manager@example.com', name: 'Development Manager'};

/** Device n of a run; the seeder has an id of its own. */
const deviceIdOf = (device: number): string =>
  `20000000-0000-4000-8000-${(device - SEEDER).toString(16).padStart(12, '0')}`;

async function start({databaseUrl, folder, devices, profileFolder}: StartOptions): Promise<PeerServer> {
  const server = await startServerProcess({
    args: ['--import', 'tsx', 'server/main.ts'],
    env: {DATABASE_URL: databaseUrl, DATA_DIR: folder, PORT: '0'},
    ready: /"url":"(http[^"]+)"[\s\S]*export TENANT=(\S+)/,
    profileFolder,
  });
  const [url = '', tenantId = ''] = server.ready;
  const issuer = await openDevelopmentIssuer({dataDir: folder, now: Date.now});
  const issue = () => issuer.issue({...MANAGER, expiresInSeconds: DAY_SECONDS});
  const tokens = await Promise.all(Array.from({length: devices}, issue));
  return {...server, access: {url, tenantId, tokens, cursor: ''}};
}

const headersOf = ({tokens, tenantId}: Access, device: number) => ({
  authorization: `Bearer ${tokens[Math.max(0, device)] ?? ''}`,
  'x-tenant-id': tenantId,
  'x-device-id': deviceIdOf(device),
});

/** Throws unless every change was applied. */
async function push(
  access: Access,
  {device, clientId, changes}: {device: number; clientId?: number; changes: readonly object[]},
): Promise<void> {
  const body = {
    deviceId: deviceIdOf(device),
    deviceTime: new Date().toISOString(),
    ...(clientId === undefined ? {} : {clientId}),
    changes,
  };
  const {json} = await postJson(`${access.url}/v1/sync/push`, {headers: headersOf(access, device), body});
  const bad = (json as PushResponse).results.find(
    ({status, refused, conflicts}) =>
      status !== 'applied' || refused !== undefined || conflicts !== undefined,
  );
  if (bad !== undefined) throw new Error(`a change was not simply applied: ${JSON.stringify(bad)}`);
}

const yjsChange = ({record, update}: TaskUpdate, at: number) => ({
  op: 'upsert',
  entity: ENTITY,
  entityId: recordIdOf(record),
  clientUpdatedAt: new Date(at).toISOString(),
  encoding: 'yjs',
  payload: Buffer.from(update).toString('base64'),
});

const pull = (
  access: Access,
  encoding: 'json' | 'yjs',
  {device}: {device: number},
): Promise<CaughtUp & {cursor: string}> => {
  const headers = headersOf(access, device);
  let cursor = '';
  return readPages(
    async (since) => {
      const after = since === undefined ? '' : `&since=${encodeURIComponent(since)}`;
      const answer = await getJson(`${access.url}/v1/sync/pull?limit=${PAGE}&encoding=${encoding}${after}`, {
        headers,
      });
      cursor = (answer.json as {nextCursor: string}).nextCursor;
      return answer;
    },
    encoding === 'json' ? ({entityId}) => String(entityId) : storeUpdate,
  ).then((caughtUp) => ({...caughtUp, cursor}));
};

/** A device that keeps documents keeps bytes, not base64. */
function storeUpdate(change: Record<string, unknown>): string {
  const payload = change['payload'] as {update: string | Uint8Array};
  if (typeof payload.update === 'string') payload.update = Buffer.from(payload.update, 'base64');
  return String(change['entityId']);
}

async function seed({access}: PeerServer, records: number): Promise<string> {
  const numbers = Array.from({length: records}, (_, record) => record);
  await inBatches(numbers, PUSH_CHANGES_MAX, async (batch) => {
    const changes = batch.map((record) => yjsChange({record, update: seedUpdate(record)}, Date.now()));
    await push(access, {device: SEEDER, clientId: SEEDER_CLIENT, changes});
  });
  const {cursor} = await pull(access, 'json', {device: 0});
  return cursor;
}

interface Session {
  send(updates: readonly TaskUpdate[], request: number): void;
  close(): Promise<void>;
}

/** Resolves when the server has sent everything after `cursor` (null: everything). */
async function openSession(
  access: Access,
  {device, cursor, clientId}: {device: number; cursor: string | null; clientId: number},
  events: {onFrame: (frame: ServerFrame) => void; onFault: (message: string) => void},
): Promise<Session> {
  let onCaughtUp: () => void = () => undefined;
  let onFailed: (error: Error) => void = () => undefined;
  const caughtUp = new Promise<void>((resolve, reject) => {
    onCaughtUp = resolve;
    onFailed = reject;
  });
  const fail = (message: string): void => {
    onFailed(new Error(message));
    events.onFault(message);
  };
  const socket = await openSocket(`${access.url.replace('http', 'ws')}/v1/sync/live`, {
    onFrame(bytes) {
      const decoded = decodeServerFrame(bytes);
      if (!decoded.ok) fail(decoded.message);
      else if (decoded.frame.kind === 'caught-up') onCaughtUp();
      else events.onFrame(decoded.frame);
    },
    onGone: (code) => fail(`the socket closed with ${code}`),
  });
  socket.send(
    encodeFrame({
      kind: 'hello',
      version: PROTOCOL_VERSION,
      token: access.tokens[device] ?? '',
      tenantId: access.tenantId,
      deviceId: deviceIdOf(device),
      clientId,
      clock: Date.now(),
      cursor,
    }),
  );
  await caughtUp;
  return {
    send: (updates, request) =>
      socket.send(
        encodeFrame({
          kind: 'update',
          request,
          updates: updates.map(({record, update}) => ({
            entity: ENTITY,
            id: recordIdOf(record),
            generation: 0,
            bytes: update,
          })),
        }),
      ),
    close: () => socket.close(),
  };
}

function readSessionFrame(frame: ServerFrame, events: DeviceEvents): void {
  switch (frame.kind) {
    case 'changes':
      for (const {entity, id, updates} of frame.records) {
        if (entity !== ENTITY) continue;
        for (const update of updates) events.onUpdate({record: recordOf(id), update});
      }
      return;
    case 'ack':
      for (const {request, refused} of frame.results) {
        if (refused.length > 0) events.onFault(`request ${request} was refused fields`);
        events.onAck(request);
      }
      return;
    case 'reject':
      events.onFault(`request ${frame.request} was rejected: ${frame.code}`);
      return;
    case 'need':
    case 'retry':
    case 'drain':
      events.onFault(`the server sent ${frame.kind}`);
      return;
    default:
      return;
  }
}

async function connect(access: Access, {device}: ConnectOptions, events: DeviceEvents): Promise<DeviceLink> {
  // From the beginning: what the server itself wrote into the seeded records belongs to a device's copy.
  const session = await openSession(
    access,
    {device, cursor: null, clientId: clientOf(device)},
    {onFrame: (frame) => readSessionFrame(frame, events), onFault: (message) => events.onFault(message)},
  );
  return {send: (request, edits) => session.send(edits, request), close: () => session.close()};
}

async function catchUpBySocket(access: Access, {device}: ConnectOptions): Promise<CaughtUp> {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  const session = await openSession(
    access,
    {device, cursor: null, clientId: clientOf(device)},
    {
      onFrame(frame) {
        if (frame.kind !== 'changes') return;
        for (const {id, updates} of frame.records) {
          const [state] = updates;
          // Of its own: the frame's memory is shared with its neighbours.
          if (state !== undefined) kept.set(id, state.slice());
          bytes += state?.length ?? 0;
        }
      },
      onFault: () => undefined,
    },
  );
  await session.close();
  return {records: kept.size, bytes};
}

async function openSocketBurst(access: Access, {device}: ConnectOptions): Promise<BurstLink> {
  let waiting = 0;
  let requests = 0;
  let settle: {resolve: () => void; reject: (error: Error) => void} | undefined;
  const fail = (message: string): void => settle?.reject(new Error(message));
  const session = await openSession(
    access,
    {device, cursor: access.cursor, clientId: clientOf(device)},
    {
      onFrame: (frame) =>
        readSessionFrame(frame, {
          onUpdate: () => undefined,
          onAck() {
            waiting--;
            if (waiting === 0) settle?.resolve();
          },
          onFault: fail,
        }),
      onFault: fail,
    },
  );
  return {
    push: (edits) =>
      new Promise((resolve, reject) => {
        settle = {resolve, reject};
        waiting = edits.length;
        for (let index = 0; index < edits.length; index += FRAME_UPDATES_MAX)
          session.send(edits.slice(index, index + FRAME_UPDATES_MAX), ++requests);
      }),
    close: () => session.close(),
  };
}

function openRestBurst(
  access: Access,
  {device, encoding}: {device: number; encoding: 'json' | 'yjs'},
): BurstLink {
  const changeOf = (edit: BurstEdit): object =>
    encoding === 'yjs'
      ? yjsChange(edit, edit.at)
      : {
          changeId: randomUUID(),
          op: 'upsert',
          entity: ENTITY,
          entityId: recordIdOf(edit.record),
          clientUpdatedAt: new Date(edit.at).toISOString(),
          base: access.cursor,
          payload: {[edit.field]: edit.value},
        };
  const session = encoding === 'yjs' ? {clientId: clientOf(device)} : {};
  return {
    push: (edits) =>
      inBatches(edits, PUSH_CHANGES_MAX, (batch) =>
        push(access, {device, ...session, changes: batch.map(changeOf)}),
      ),
    close: () => Promise.resolve(),
  };
}

export const fieldmerge: Peer = {
  name: 'fieldmerge',
  promises: {
    ack: 'committed',
    checks: 'tokens, guard, schema and role, conflicts, rows, audit, encryption',
    missing: '',
  },
  catchUpPaths: ['socket', 'rest-json', 'rest-yjs'],
  burstPaths: ['socket', 'rest-json', 'rest-yjs'],
  start,
  seed: (server, {records}) => seed(server, records),
  connect,
  catchUp: (access, options) => {
    if (options.path === 'socket') return catchUpBySocket(access, options);
    return pull(access, options.path === 'rest-yjs' ? 'yjs' : 'json', options);
  },
  openBurst: (access, options) =>
    options.path === 'socket'
      ? openSocketBurst(access, options)
      : Promise.resolve(
          openRestBurst(access, {...options, encoding: options.path === 'rest-yjs' ? 'yjs' : 'json'}),
        ),
};
