// Hocuspocus 4, spoken to in its own protocol by a device that multiplexes all its documents over one socket.
import {join} from 'node:path';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import pg from 'pg';
import {recordIdOf, recordOf, seedUpdate} from '../load/tasks.ts';
import {startServerProcess} from '../server-process.ts';
import {packagesFolder} from './packages-folder.ts';
import {
  openAccess,
  type Access,
  type BurstEdit,
  type BurstLink,
  type CaughtUp,
  type ConnectOptions,
  type DeviceEvents,
  type DeviceLink,
  type Peer,
  type StartOptions,
} from './peer.ts';
import {openSocket, type DeviceSocket} from './web-socket.ts';

/** Kinds of messages, and of the y-protocols message inside. */
const SYNC = 0;
const AUTH = 2;
const SYNC_REPLY = 4;
const SYNC_STATUS = 8;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

/** Documents being opened at a time: the server closes a connection with more than 100. */
const OPENING_MAX = 90;

const message = (record: number, kind: number, write: (encoder: encoding.Encoder) => void): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, recordIdOf(record));
    encoding.writeVarUint(encoder, kind);
    write(encoder);
  });

const authMessage = (record: number): Uint8Array =>
  message(record, AUTH, (encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, 'token');
  });

/** Step 1 with the state vector of an empty document. */
const step1Message = (record: number): Uint8Array =>
  message(record, SYNC, (encoder) => {
    encoding.writeVarUint(encoder, STEP_1);
    encoding.writeVarUint8Array(encoder, Uint8Array.of(0));
  });

const updateMessage = (record: number, update: Uint8Array): Uint8Array =>
  message(record, SYNC, (encoder) => {
    encoding.writeVarUint(encoder, UPDATE);
    encoding.writeVarUint8Array(encoder, update);
  });

interface Events {
  onState(record: number, state: Uint8Array): void;
  onUpdate(record: number, update: Uint8Array): void;
  onSaved(record: number): void;
  onFault(text: string): void;
}

function readMessage(frame: Uint8Array, events: Events): void {
  const decoder = decoding.createDecoder(frame);
  const record = recordOf(decoding.readVarString(decoder));
  const kind = decoding.readVarUint(decoder);
  if (kind === SYNC_STATUS) {
    if (decoding.readVarUint(decoder) === 1) events.onSaved(record);
    else events.onFault('an update was not applied');
    return;
  }
  if (kind !== SYNC && kind !== SYNC_REPLY) return;
  const step = decoding.readVarUint(decoder);
  if (step === STEP_1) return;
  const update = decoding.readVarUint8Array(decoder);
  if (step === STEP_2) events.onState(record, update);
  else events.onUpdate(record, update);
}

/** A socket on which documents are opened, a bounded number at a time. */
async function openDocuments(
  access: Access,
  {
    records,
    onOpen,
    ...events
  }: {records: number; onOpen?: (socket: DeviceSocket, record: number) => void} & Events,
): Promise<{socket: DeviceSocket; opened: Promise<void>}> {
  let next = 0;
  let open = 0;
  let finish: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (finish = resolve));
  const socket = await openSocket(access.url.replace('http', 'ws'), {
    onFrame: (frame) =>
      readMessage(frame, {
        ...events,
        onState(record, state) {
          events.onState(record, state);
          open++;
          if (open === records) finish();
          openNext();
        },
      }),
    onGone: (code) => events.onFault(`the socket closed with ${code}`),
  });
  const openNext = (): void => {
    if (next >= records) return;
    const record = next++;
    socket.send(authMessage(record));
    socket.send(step1Message(record));
    onOpen?.(socket, record);
  };
  for (let count = 0; count < OPENING_MAX; count++) openNext();
  return {socket, opened};
}

async function connect(access: Access, {records}: ConnectOptions, events: DeviceEvents): Promise<DeviceLink> {
  // The server acknowledges in order per document, so that a queue of requests per document names them.
  const requestsByRecord = new Map<number, number[]>();
  const {socket, opened} = await openDocuments(access, {
    records,
    onState: () => undefined,
    onUpdate: (record, update) => events.onUpdate({record, update}),
    onSaved(record) {
      const request = requestsByRecord.get(record)?.shift();
      if (request !== undefined) events.onAck(request);
    },
    onFault: (text) => events.onFault(text),
  });
  await opened;
  return {
    send(request, edits) {
      for (const {record, update} of edits) {
        const requests = requestsByRecord.get(record);
        if (requests === undefined) requestsByRecord.set(record, [request]);
        else requests.push(request);
        socket.send(updateMessage(record, update));
      }
    },
    drop: () => socket.drop(),
    close: () => socket.close(),
  };
}

async function catchUp(access: Access, {records}: ConnectOptions): Promise<CaughtUp> {
  const kept = new Map<number, Uint8Array>();
  let bytes = 0;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  const {socket, opened} = await openDocuments(access, {
    records,
    onState(record, state) {
      // Of its own: the frame's memory is shared with its neighbours.
      kept.set(record, state.slice());
      bytes += state.length;
    },
    onUpdate: () => undefined,
    onSaved: () => undefined,
    onFault: (text) => fail(new Error(text)),
  });
  await Promise.race([opened, failed]);
  await socket.close();
  return {records: kept.size, bytes};
}

function openBurst(access: Access): BurstLink {
  let socket: DeviceSocket | undefined;
  let waiting = 0;
  let settle: {resolve: (conflicts: number) => void; reject: (error: Error) => void} | undefined;
  const onSaved = (): void => {
    waiting--;
    if (waiting === 0) settle?.resolve(0);
  };
  const pushCold = async (edits: readonly BurstEdit[]): Promise<void> => {
    const opening = await openDocuments(access, {
      records: edits.length,
      onOpen: (to, record) => to.send(updateMessage(record, edits[record]?.update ?? new Uint8Array())),
      onState: () => undefined,
      onUpdate: () => undefined,
      onSaved,
      onFault: (text) => settle?.reject(new Error(text)),
    });
    socket = opening.socket;
  };
  return {
    // The first burst opens each document as it goes; later ones find them open. Record n is the n-th edit.
    push: (edits) =>
      new Promise((resolve, reject) => {
        settle = {resolve, reject};
        waiting = edits.length;
        if (socket === undefined) pushCold(edits).catch(reject);
        else for (const {record, update} of edits) socket.send(updateMessage(record, update));
      }),
    close: () => socket?.close() ?? Promise.resolve(),
  };
}

async function seed(databaseUrl: string, records: number): Promise<string> {
  const client = new pg.Client({connectionString: databaseUrl});
  await client.connect();
  const numbers = Array.from({length: records}, (_, record) => record);
  await client
    .query('INSERT INTO documents SELECT * FROM unnest($1::text[], $2::bytea[])', [
      numbers.map(recordIdOf),
      numbers.map((record) => Buffer.from(seedUpdate(record))),
    ])
    .finally(() => client.end());
  return '';
}

export const hocuspocus: Peer = {
  name: 'hocuspocus',
  promises: {
    ack: 'in memory',
    checks: 'none (no hook is set)',
    missing:
      'commit before acknowledgement (stored 2 s later), tokens, validation, conflicts, audit, rows, encryption, REST, a feed',
  },
  isLive: true,
  keepsDocuments: true,
  hasTenants: false,
  isForeign: true,
  catchUpPaths: ['documents'],
  burstPaths: ['documents'],
  findObstacle: () => null,
  async start({databaseUrl, profileFolder}: StartOptions) {
    const server = await startServerProcess({
      args: [join(packagesFolder, 'hocuspocus-server.js')],
      env: {DATABASE_URL: databaseUrl},
      ready: /listening on (http:\S+)/,
      profileFolder,
    });
    return {
      ...server,
      access: openAccess(server),
    };
  },
  seed: (_server, {databaseUrl, needs}) => seed(databaseUrl, needs.records),
  connect,
  catchUp,
  openBurst: (access) => Promise.resolve(openBurst(access)),
};
