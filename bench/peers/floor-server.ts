// The floors, as one process: the least that any server of this kind does. Without DATABASE_URL it passes frames
// on and nothing else (floor-ws); with it, it commits them to Postgres in groups first (floor-pg), and answers
// a batched upsert and a select over HTTP. No tokens, no checks, no merge.
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import pg from 'pg';
import {WebSocketServer, type WebSocket} from 'ws';
import {decodeFloorFrame, encodeFloorFrame, requestOf} from './floor-frames.ts';

const GROUP_FRAMES_MAX = 512;

interface Received {
  readonly from: WebSocket;
  readonly bytes: Uint8Array;
}

const databaseUrl = process.env['DATABASE_URL'];
const pool = databaseUrl === undefined ? undefined : new pg.Pool({connectionString: databaseUrl, max: 10});
await pool?.query(`
  CREATE TABLE IF NOT EXISTS updates (seq bigserial PRIMARY KEY, record int NOT NULL, bytes bytea NOT NULL);
  CREATE TABLE IF NOT EXISTS records (id uuid PRIMARY KEY, seq bigserial NOT NULL, payload jsonb NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS records_seq ON records (seq)`);

const http = createServer((request, response) => void answer(request, response));
const sockets = new WebSocketServer({server: http, perMessageDeflate: false});
let queue: Received[] = [];
let committing = false;

sockets.on('connection', (from) => {
  from.on('message', (message: Buffer) => {
    const received = {from, bytes: message};
    if (pool === undefined) {
      passOn(received);
      return;
    }
    queue.push(received);
    if (!committing) void commitGroups(pool);
  });
});

function passOn({from, bytes}: Received): void {
  for (const socket of sockets.clients) if (socket !== from) socket.send(bytes);
  from.send(encodeFloorFrame({request: requestOf(bytes), updates: []}));
}

async function commitGroups(database: pg.Pool): Promise<void> {
  committing = true;
  // What arrives in one turn of the event loop goes together.
  await new Promise(setImmediate);
  while (queue.length > 0) {
    const group = queue.slice(0, GROUP_FRAMES_MAX);
    queue = queue.slice(GROUP_FRAMES_MAX);
    const updates = group.flatMap(({bytes}) => decodeFloorFrame(bytes).updates);
    await database.query({
      name: 'append',
      text: 'INSERT INTO updates (record, bytes) SELECT * FROM unnest($1::int[], $2::bytea[])',
      values: [updates.map(({record}) => record), updates.map(({update}) => Buffer.from(update))],
    });
    for (const received of group) passOn(received);
  }
  committing = false;
}

interface UpsertBody {
  readonly changes: readonly {readonly id: string; readonly payload: unknown}[];
}

async function upsert(database: pg.Pool, body: UpsertBody): Promise<unknown> {
  const {rows} = await database.query<{id: string; seq: string}>({
    name: 'upsert',
    text: `INSERT INTO records (id, payload) SELECT * FROM unnest($1::uuid[], $2::jsonb[])
      ON CONFLICT (id) DO UPDATE SET payload = records.payload || excluded.payload, seq = nextval('records_seq_seq')
      RETURNING id, seq`,
    values: [body.changes.map(({id}) => id), body.changes.map(({payload}) => JSON.stringify(payload))],
  });
  return {results: rows};
}

async function select(database: pg.Pool, query: URLSearchParams): Promise<unknown> {
  const limit = Number(query.get('limit'));
  const {rows} = await database.query<{seq: string}>({
    name: 'select',
    text: 'SELECT id, seq, payload FROM records WHERE seq > $1 ORDER BY seq LIMIT $2',
    values: [query.get('since') ?? '0', limit],
  });
  return {changes: rows, nextCursor: rows.at(-1)?.seq ?? '0', hasMore: rows.length === limit};
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://floor');
  if (pool === undefined) {
    response.writeHead(404).end();
    return;
  }
  const body =
    request.method === 'POST'
      ? await upsert(pool, JSON.parse(await text(request)) as UpsertBody)
      : await select(pool, url.searchParams);
  response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(body));
}

process.on('SIGTERM', () => process.exit(0));
http.listen({host: '127.0.0.1', port: 0}, () => {
  console.log(`listening on http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
