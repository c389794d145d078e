// floor-ws, floor-pg and floor-merge: what the plainest server of its kind costs, so that ratios to it cancel the
// machine's mood.
import {fieldsOf, recordIdOf, seedUpdate} from '../load/tasks.ts';
import {startServerProcess} from '../server-process.ts';
import {decodeFloorFrame, encodeFloorFrame} from './floor-frames.ts';
import {getJson, inBatches, postJson, readPages} from './http.ts';
import {
  openAccess,
  type Access,
  type BurstEdit,
  type BurstLink,
  type ConnectOptions,
  type DeviceEvents,
  type DeviceLink,
  type Peer,
  type PeerServer,
  type StartOptions,
} from './peer.ts';
import {findUwsNode, findUwsObstacle} from './uws-node.ts';
import {openSocket} from './web-socket.ts';

const BATCH = 500;
const PAGE = 1_000;

async function start(
  options: StartOptions,
  command: {node?: string; file: string; env: Readonly<Record<string, string>>},
): Promise<PeerServer> {
  const {file, ...rest} = command;
  const server = await startServerProcess({
    ...rest,
    args: ['--import', './load-typescript.js', `bench/peers/${file}`],
    ready: /listening on (http:\S+)/,
    profileFolder: options.profileFolder,
  });
  return {...server, access: openAccess(server)};
}

async function connect(access: Access, _options: ConnectOptions, events: DeviceEvents): Promise<DeviceLink> {
  const socket = await openSocket(access.url.replace('http', 'ws'), {
    onFrame(bytes) {
      const {request, updates} = decodeFloorFrame(bytes);
      if (updates.length === 0) events.onAck(request);
      for (const update of updates) events.onUpdate(update);
    },
    onGone: (code) => events.onFault(`the socket closed with ${code}`),
  });
  return {
    send: (request, updates) => socket.send(encodeFloorFrame({request, updates})),
    drop: () => socket.drop(),
    close: () => socket.close(),
  };
}

async function openSocketBurst(access: Access, options: ConnectOptions): Promise<BurstLink> {
  let requests = 0;
  let acked = 0;
  let settle: {resolve: (conflicts: number) => void; reject: (error: Error) => void} | undefined;
  const link = await connect(access, options, {
    onUpdate: () => undefined,
    onAck() {
      acked++;
      if (acked === requests) settle?.resolve(0);
    },
    onFault: (message) => settle?.reject(new Error(message)),
  });
  return {
    push: (edits) =>
      new Promise((resolve, reject) => {
        settle = {resolve, reject};
        for (let index = 0; index < edits.length; index += BATCH)
          link.send(++requests, edits.slice(index, index + BATCH));
      }),
    close: () => link.close(),
  };
}

const upsertAll = (access: Access, rows: readonly {id: string; payload: unknown}[]): Promise<void> =>
  inBatches(rows, BATCH, async (changes) => {
    await postJson(`${access.url}/push`, {body: {changes}});
  });

const openRestBurst = (access: Access): Promise<BurstLink> =>
  Promise.resolve({
    async push(edits: readonly BurstEdit[]) {
      const rows = edits.map(({record, field, value}) => ({
        id: recordIdOf(record),
        payload: {[field]: value},
      }));
      await upsertAll(access, rows);
      return 0;
    },
    close: () => Promise.resolve(),
  });

const SERVER = 'floor-server.ts';

export const floorPg: Peer = {
  name: 'floor-pg',
  promises: {
    ack: 'committed',
    checks: 'none',
    missing: 'tokens, validation, merge, conflicts, audit, encryption, catch-up over the socket',
  },
  isLive: true,
  keepsDocuments: false,
  hasTenants: false,
  isForeign: false,
  catchUpPaths: ['bare select'],
  burstPaths: ['socket', 'rest-json'],
  findObstacle: () => null,
  start: (options) => start(options, {file: SERVER, env: {DATABASE_URL: options.databaseUrl}}),
  async seed(server, {needs}) {
    const rows = Array.from({length: needs.records}, (_, record) => ({
      id: recordIdOf(record),
      payload: fieldsOf(record),
    }));
    await upsertAll(server.access, rows);
    return '';
  },
  connect,
  catchUp: (access) =>
    readPages(
      (cursor) => getJson(`${access.url}/pull?since=${cursor ?? 0}&limit=${PAGE}`),
      ({id}) => String(id),
    ),
  openBurst: (access, options) =>
    options.path === 'socket' ? openSocketBurst(access, options) : openRestBurst(access),
};

export const floorMerge: Peer = {
  ...floorPg,
  name: 'floor-merge',
  promises: {
    ack: 'committed',
    checks: 'none',
    missing: 'tokens, validation, merge memory, conflicts, audit, a feed, catch-up',
  },
  catchUpPaths: [],
  start: (options) => start(options, {file: SERVER, env: {DATABASE_URL: options.databaseUrl, MERGES: '1'}}),
  async seed({access}, {needs}) {
    const updates = Array.from({length: needs.records}, (_, record) => ({
      record,
      update: seedUpdate(record),
    }));
    const link = await openSocketBurst(access, {device: 0, records: needs.records});
    await link.push(updates.map((update) => ({...update, field: '', value: null, at: 0})));
    await link.close();
    return '';
  },
};

export const floorWs: Peer = {
  ...floorPg,
  name: 'floor-ws',
  promises: {...floorPg.promises, ack: 'relayed', missing: `storage, ${floorPg.promises.missing}`},
  catchUpPaths: [],
  burstPaths: [],
  start: (options) => start(options, {file: SERVER, env: {}}),
  seed: () => Promise.resolve(''),
};

export const floorUws: Peer = {
  ...floorWs,
  name: 'floor-uws',
  findObstacle: findUwsObstacle,
  start: (options) => start(options, {node: findUwsNode(), file: 'floor-uws-server.ts', env: {}}),
};
