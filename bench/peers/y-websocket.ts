// y-websocket's server, spoken to in y-protocols: one WebSocket per document, as its own client opens them. It
// acknowledges nothing, but sends every update back to its sender too; that echo is taken for the acknowledgement.
import {join} from 'node:path';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import {clientOf, recordIdOf, seedUpdate} from '../load/tasks.ts';
import {scanUpdate} from '../load/update-scan.ts';
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
} from './peer.ts';
import {openSocket, type DeviceSocket} from './web-socket.ts';

const SYNC = 0;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;
/** Sockets being opened at a time. */
const OPENING_MAX = 90;
/** A document without anything in it encodes to no more. */
const EMPTY_BYTES = 2;

const message = (step: number, bytes: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, bytes);
  });
const updateMessage = (update: Uint8Array): Uint8Array => message(UPDATE, update);
const STEP_1_EMPTY = message(STEP_1, Uint8Array.of(0));

interface DocumentEvents {
  /** The document is there: its first content has come. */
  onState(state: Uint8Array): void;
  onUpdate(update: Uint8Array): void;
  onGone(code: number): void;
}

/** Resolves when the socket is open. Content comes as the answer to step 1, or as an update once it is read from disk. */
async function openDocument(access: Access, record: number, events: DocumentEvents): Promise<DeviceSocket> {
  let isThere = false;
  const socket = await openSocket(`${access.url.replace('http', 'ws')}/${recordIdOf(record)}`, {
    onFrame(frame) {
      const decoder = decoding.createDecoder(frame);
      if (decoding.readVarUint(decoder) !== SYNC) return;
      const step = decoding.readVarUint(decoder);
      if (step !== STEP_2 && step !== UPDATE) return;
      const update = decoding.readVarUint8Array(decoder);
      if (isThere) events.onUpdate(update);
      else if (update.length > EMPTY_BYTES) {
        isThere = true;
        events.onState(update);
      }
    },
    onGone: (code) => events.onGone(code),
  });
  socket.send(STEP_1_EMPTY);
  return socket;
}

/** `work` of each record, a bounded number at a time. */
async function forEachRecord(records: number, work: (record: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let record = next++; record < records; record = next++) await work(record);
  };
  await Promise.all(Array.from({length: OPENING_MAX}, lane));
}

/** Opens it and waits until it is there. */
async function openWhole(
  access: Access,
  record: number,
  {
    onState,
    onUpdate,
    onFault,
  }: {
    onState: (state: Uint8Array) => void;
    onUpdate: (update: Uint8Array) => void;
    onFault: (text: string) => void;
  },
): Promise<DeviceSocket> {
  return new Promise((resolve, reject) => {
    let socket: DeviceSocket | undefined;
    let isThere = false;
    const done = (): void => {
      if (isThere && socket !== undefined) resolve(socket);
    };
    openDocument(access, record, {
      onState(state) {
        onState(state);
        isThere = true;
        done();
      },
      onUpdate,
      onGone: (code) => onFault(`a socket closed with ${code}`),
    }).then((opened) => {
      socket = opened;
      done();
    }, reject);
  });
}

/** Whether an update is one's own, come back. */
function isEcho(update: Uint8Array, device: number): boolean {
  let own = false;
  scanUpdate(update, ({client}) => (own ||= client === clientOf(device)));
  return own;
}

async function connect(
  access: Access,
  {records, device}: ConnectOptions,
  events: DeviceEvents,
): Promise<DeviceLink> {
  const sockets: DeviceSocket[] = [];
  const requestsByRecord = new Map<number, number[]>();
  await forEachRecord(records, async (record) => {
    sockets[record] = await openWhole(access, record, {
      onState: () => undefined,
      onUpdate(update) {
        if (!isEcho(update, device)) events.onUpdate({record, update});
        else {
          const request = requestsByRecord.get(record)?.shift();
          if (request !== undefined) events.onAck(request);
        }
      },
      onFault: (text) => events.onFault(text),
    });
  });
  return {
    send(request, edits) {
      for (const {record, update} of edits) {
        const requests = requestsByRecord.get(record);
        if (requests === undefined) requestsByRecord.set(record, [request]);
        else requests.push(request);
        sockets[record]?.send(updateMessage(update));
      }
    },
    drop: () => sockets.forEach((socket) => socket.drop()),
    async close() {
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  };
}

async function catchUp(access: Access, {records}: ConnectOptions): Promise<CaughtUp> {
  const kept = new Map<number, Uint8Array>();
  let bytes = 0;
  let fault: string | undefined;
  await forEachRecord(records, async (record) => {
    const socket = await openWhole(access, record, {
      onState(state) {
        kept.set(record, state.slice());
        bytes += state.length;
      },
      onUpdate: () => undefined,
      onFault: (text) => (fault ??= text),
    });
    void socket.close();
  });
  if (fault !== undefined) throw new Error(fault);
  return {records: kept.size, bytes};
}

/** The first burst opens each document as it goes; later ones find them open. Record n is the n-th edit. */
function openBurst(access: Access, {device}: ConnectOptions): BurstLink {
  const sockets: DeviceSocket[] = [];
  let waiting = 0;
  let settle: {resolve: (conflicts: number) => void; reject: (error: Error) => void} | undefined;
  const onUpdate = (update: Uint8Array): void => {
    if (isEcho(update, device) && --waiting === 0) settle?.resolve(0);
  };
  const pushOne = async ({record, update}: BurstEdit): Promise<void> => {
    sockets[record] ??= await openWhole(access, record, {
      onState: () => undefined,
      onUpdate,
      onFault: (text) => settle?.reject(new Error(text)),
    });
    sockets[record].send(updateMessage(update));
  };
  return {
    push: (edits) =>
      new Promise((resolve, reject) => {
        settle = {resolve, reject};
        waiting = edits.length;
        forEachRecord(edits.length, async (index) => {
          const edit = edits[index];
          if (edit !== undefined) await pushOne(edit);
        }).catch(reject);
      }),
    async close() {
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  };
}

/** Written as any device would: the server has no other way in. */
async function seed(access: Access, records: number): Promise<void> {
  await forEachRecord(records, async (record) => {
    let onThere: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (onThere = resolve));
    const socket = await openDocument(access, record, {
      onState: () => onThere(),
      onUpdate: () => undefined,
      onGone: () => undefined,
    });
    socket.send(updateMessage(seedUpdate(record)));
    await there;
    await socket.close();
  });
}

export const yWebsocket: Peer = {
  name: 'y-websocket',
  promises: {
    ack: 'in memory',
    checks: 'none',
    missing:
      'acknowledgements (the echo of an update stands for one), durable commits (LevelDB, later and not synced), tokens, validation, conflicts, audit, rows, encryption, REST, a feed; one socket per document',
  },
  isLive: true,
  keepsDocuments: true,
  hasTenants: false,
  isForeign: true,
  catchUpPaths: ['documents'],
  burstPaths: ['documents'],
  findObstacle: () => null,
  async start({folder, profileFolder}) {
    const server = await startServerProcess({
      args: [join(packagesFolder, 'y-websocket-server.js')],
      env: {YPERSISTENCE: join(folder, 'y-leveldb')},
      ready: /listening on (http:\S+)/,
      profileFolder,
    });
    return {
      ...server,
      access: openAccess(server),
    };
  },
  async seed({access}, {needs}) {
    await seed(access, needs.records);
    return '';
  },
  connect,
  catchUp,
  openBurst: (access, options) => Promise.resolve(openBurst(access, options)),
};
