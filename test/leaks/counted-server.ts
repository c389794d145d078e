// The real server in a process of its own that counts what it holds. Started by leak-stage.ts, configured by the
// environment; `node --expose-gc` is what lets it forget first.
import {readConfig} from '#server/config.ts';
import {silentLogger} from '#server/logger.ts';
import {startServer, type RunningServer} from '#server/start.ts';

/** What a server holds at one moment. */
export interface Holdings {
  /** Open handles by kind, as Node counts them: sockets, timers, servers; connections to the database among them. */
  readonly handles: Readonly<Record<string, number>>;
  readonly followers: number;
  readonly cachedRecords: number;
  readonly poolClients: number;
  /** Of them lent. */
  readonly poolLent: number;
  readonly listeners: number;
  /** After a collection. */
  readonly heapBytes: number;
}

export type Told =
  {readonly kind: 'listening'; readonly url: string} | {readonly kind: 'holds'; readonly holdings: Holdings};

/** Those that say something for as long as a thing is open; requests under way come and go. */
const counted = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'Timeout',
  'MessagePort',
  'ProcessWrap',
]);

const collect = (globalThis as {gc?: () => void}).gc;
const tell = (told: Told): void => void process.send?.(told);

async function count(server: RunningServer): Promise<Holdings> {
  const {pool, fanOut, cache} = server.service;
  // As many clients as there may be: else their number says when somebody last asked for one.
  await Promise.all(Array.from({length: poolMax}, () => pool.query('SELECT pg_sleep(0.05)'))).catch(
    () => undefined,
  );
  collect?.();
  await new Promise((resolve) => setImmediate(resolve));
  collect?.();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (counted.has(kind)) handles[kind] = (handles[kind] ?? 0) + 1;
  }
  return {
    handles,
    followers: fanOut.followers(),
    cachedRecords: cache.stats().records,
    poolClients: pool.totalCount,
    poolLent: pool.totalCount - pool.idleCount,
    listeners: [process, pool].reduce((sum, emitter) => sum + listenersOf(emitter), 0),
    heapBytes: process.memoryUsage().heapUsed,
  };
}

const listenersOf = (emitter: Pick<NodeJS.EventEmitter, 'eventNames' | 'listenerCount'>): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

const read = readConfig();
if (!read.ok) throw new Error(read.faults.join('\n'));
const {config} = read;
const {poolMax} = config.database.kind === 'url' ? config.database : {poolMax: 1};
const server = await startServer(config, silentLogger);
process.on('message', () => {
  void count(server).then((holdings) => tell({kind: 'holds', holdings}));
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
tell({kind: 'listening', url: server.url});
