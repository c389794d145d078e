// Between a node's parts and what they stand on: names every point that a change comes to on its way from the parser to
// its acknowledgement, and makes one of them go wrong. The code under test has no part in it.
import {AsyncLocalStorage} from 'node:async_hooks';
import type pg from 'pg';
import {decodeServerFrame} from '#crdt/protocol/frame.ts';
import type {Socket} from '#server/live/socket.ts';
import type {Bus} from '#server/sync/bus.ts';
import type {Lanes} from '#server/sync/lane.ts';

export type CrashFault =
  /** The process is gone at once. */
  | 'kill -9'
  /** Whoever came to the point gets an exception. */
  | 'exception'
  /** All connections of the node to Postgres break. */
  | 'connection cut'
  /** The next COMMIT is carried out, and its answer does not come back. */
  | 'COMMIT unknown';

export interface Armed {
  /** Which point, by place in the trace. */
  readonly place: number;
  readonly fault: CrashFault;
}

export interface Tap {
  /** Points that were come to since `begin`, in order. */
  readonly trace: readonly string[];
  /** Statements that were asked so far, in whatever way. */
  readonly asked: () => number;
  begin(armed: Armed | null): void;
  /** Points are not counted from here on, and nothing goes wrong any more. */
  end(): void;
  readonly hasHit: () => boolean;
  /** Throws where an exception is due. */
  at(point: string): void;
  /** What a node does by the clock is no part of a change: what `start` starts comes to no point. */
  aside<Result>(start: () => Result): Result;
  pool(pool: pg.Pool): pg.Pool;
  lanes(lanes: Lanes): Lanes;
  bus(bus: Bus): Bus;
  socket(socket: Socket): Socket;
  response(response: Response): Promise<Response>;
}

const LAST_POINT = 'after the answer';

class CrashTest extends Error {}

/** kill: what `kill -9` means here; never comes back. */
export function createTap(kill: () => never): Tap {
  const asides = new AsyncLocalStorage<true>();
  const clients = new Set<pg.PoolClient>();
  const trace: string[] = [];
  let asked = 0;
  let isCounting = false;
  let armed: Armed | null = null;
  let hasHit = false;
  let losesCommit = false;

  const go = (fault: CrashFault): void => {
    hasHit = true;
    switch (fault) {
      case 'kill -9':
        return kill();
      case 'exception':
        throw new CrashTest('An exception of the test.');
      case 'connection cut':
        for (const client of clients) client.connection.stream.destroy();
        return;
      case 'COMMIT unknown':
        losesCommit = true;
        return;
    }
  };
  const at = (point: string): void => {
    if (!isCounting || asides.getStore() === true) return;
    const place = trace.push(point) - 1;
    // What the node does afterwards is no part of the change.
    if (point === LAST_POINT) isCounting = false;
    if (armed?.place === place) go(armed.fault);
  };
  /** The same for what answers later: a rejection where an exception is due. */
  const atAsync = (point: string): Promise<never> | null => {
    try {
      at(point);
      return null;
    } catch {
      return Promise.reject(new CrashTest('An exception of the test.'));
    }
  };
  /** Sends within the call, as statements that travel together need it. */
  const ask = <T>(client: pg.PoolClient, label: string, send: () => Promise<T>): Promise<T> => {
    const refused = atAsync(`before ${label}`);
    if (refused !== null) return refused;
    return send().then((answer) => {
      if (losesCommit && label.endsWith('COMMIT')) {
        losesCommit = false;
        client.connection.stream.destroy();
        throw new Error('Connection terminated unexpectedly');
      }
      at(`after ${label}`);
      return answer;
    });
  };
  const tapClient = (client: pg.PoolClient): void => {
    if (clients.has(client)) return;
    clients.add(client);
    client.on('end', () => clients.delete(client));
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown> | undefined;
    const tapped = (...args: unknown[]): unknown => {
      asked++;
      // With a callback: a statement of the pool itself, or one that reads pages of the feed.
      return typeof args.at(-1) === 'function' || hasCallback(args[0])
        ? query(...args)
        : ask(client, labelOf(args[0]), () => query(...args) ?? Promise.resolve());
    };
    client.query = tapped as pg.PoolClient['query'];
  };
  return {
    trace,
    asked: () => asked,
    begin(next) {
      trace.length = 0;
      [isCounting, armed, hasHit, losesCommit] = [true, next, false, false];
    },
    end() {
      [isCounting, armed, losesCommit] = [false, null, false];
    },
    hasHit: () => hasHit,
    at,
    aside: (start) => asides.run(true, start),
    pool(pool) {
      pool.on('connect', tapClient);
      const connect = pool.connect.bind(pool) as (...args: unknown[]) => Promise<pg.PoolClient>;
      const tapped = async (): Promise<pg.PoolClient> => {
        at('connection asked for');
        const client = await connect();
        try {
          at('connection taken');
        } catch (error) {
          client.release();
          throw error;
        }
        return client;
      };
      pool.connect = ((...args: unknown[]) =>
        args.length > 0 ? connect(...args) : tapped()) as pg.Pool['connect'];
      return pool;
    },
    lanes: (lanes) => ({
      ...lanes,
      submit: (submission) => atAsync('parsed') ?? lanes.submit(submission),
    }),
    bus: (bus) => ({
      publish(news) {
        at('fanned out');
        bus.publish(news);
      },
      publishSession: (sessionId) => bus.publishSession(sessionId),
      listen: (listener) => bus.listen(listener),
      stop: () => bus.stop(),
    }),
    socket: (socket) => ({
      send(frame) {
        const decoded = decodeServerFrame(frame);
        const isAck = decoded.ok && decoded.frame.kind === 'ack';
        if (isAck) at('before the answer');
        socket.send(frame);
        if (isAck) at(LAST_POINT);
      },
      bufferedBytes: () => socket.bufferedBytes(),
      pause: (paused) => socket.pause(paused),
      close: (code, reason) => socket.close(code, reason),
      ping: () => socket.ping(),
    }),
    async response(response) {
      const body = new Uint8Array(await response.arrayBuffer());
      at('before the answer');
      const stream = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            controller.enqueue(body);
            controller.close();
            at(LAST_POINT);
          },
        },
        {highWaterMark: 0},
      );
      const {status, headers} = response;
      return new Response(body.length === 0 ? null : stream, {status, headers});
    },
  };
}

/** As short as tells statements apart: the name it is prepared under, else how it begins. */
function labelOf(query: unknown): string {
  const {
    text = '',
    name,
    queryMode,
  } = typeof query === 'string'
    ? {text: query}
    : (query as {text?: string; name?: string; queryMode?: 'extended'});
  if (name?.startsWith('group_') === true)
    return queryMode === undefined ? 'the group' : 'the group with its COMMIT';
  if (name !== undefined) return name;
  const [first = '', second = ''] = text.trim().split(/[\s;]+/);
  return ['BEGIN', 'COMMIT', 'ROLLBACK'].includes(first) ? first : `${first} ${second}`.toLowerCase();
}

const hasCallback = (query: unknown): boolean =>
  typeof query === 'object' && query !== null && 'callback' in query && typeof query.callback === 'function';
