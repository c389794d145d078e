// The floors, as one process: the least that servers of some kind do. Without DATABASE_URL it passes frames on and nothing
// else (floor-ws); with it, it commits them in groups first, as they are (floor-pg) or, with MERGES, merged into
// documents (floor-merge). No tokens, no checks.
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import pg from 'pg';
import {WebSocketServer, type WebSocket} from 'ws';
import {openAppendStore} from './floor-append.ts';
import {decodeFloorFrame, encodeFloorFrame, requestOf} from './floor-frames.ts';
import {openMergeStore} from './floor-merge.ts';
import type {FloorChange, FloorStore} from './floor-store.ts';

const GROUP_FRAMES_MAX = 512;

interface Received {
  readonly from: WebSocket;
  readonly bytes: Uint8Array;
}

const store = await openStore(process.env);

async function openStore(env: NodeJS.ProcessEnv): Promise<FloorStore | null> {
  const {DATABASE_URL, MERGES} = env;
  if (DATABASE_URL === undefined) return null;
  const pool = new pg.Pool({connectionString: DATABASE_URL, max: 10});
  return MERGES === undefined ? openAppendStore(pool) : openMergeStore(pool);
}

const http = createServer((request, response) => void answer(request, response));
const sockets = new WebSocketServer({server: http, perMessageDeflate: false});
let queue: Received[] = [];
let committing = false;

sockets.on('connection', (from) => {
  from.on('message', (message: Buffer) => {
    const received = {from, bytes: message};
    if (store === null) {
      passOn(received);
      return;
    }
    queue.push(received);
    if (!committing) void commitGroups(store);
  });
});

function passOn({from, bytes}: Received): void {
  for (const socket of sockets.clients) if (socket !== from) socket.send(bytes);
  from.send(encodeFloorFrame({request: requestOf(bytes), updates: []}));
}

async function commitGroups(stored: FloorStore): Promise<void> {
  committing = true;
  // What arrives in one turn of the event loop goes together.
  await new Promise(setImmediate);
  while (queue.length > 0) {
    const group = queue.slice(0, GROUP_FRAMES_MAX);
    queue = queue.slice(GROUP_FRAMES_MAX);
    await stored.commit(group.flatMap(({bytes}) => decodeFloorFrame(bytes).updates));
    for (const received of group) passOn(received);
  }
  committing = false;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await (request.method === 'POST' ? upsert(request) : select(request));
  if (body === undefined) response.writeHead(404).end();
  else response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(body));
}

async function upsert(request: IncomingMessage): Promise<unknown> {
  const {changes} = JSON.parse(await text(request)) as {changes: readonly FloorChange[]};
  return store === null ? undefined : {results: await store.upsert(changes)};
}

const select = (request: IncomingMessage): Promise<unknown> =>
  Promise.resolve(store?.select?.(new URL(request.url ?? '/', 'http://floor').searchParams));

process.on('SIGTERM', () => process.exit(0));
http.listen({host: '127.0.0.1', port: 0}, () => {
  console.log(`listening on http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
