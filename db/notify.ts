// Short messages between the nodes on one database, over LISTEN and NOTIFY, each direction on a connection of its
// own: a message must not wait behind a query, and a stalled sender must not keep this node from hearing others.
import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import pg from 'pg';

/** Bytes of one payload. Postgres refuses 8,000. */
export const PAYLOAD_BYTES_MAX = 7_900;

/** Milliseconds to make a connection. */
const CONNECT_MS_MAX = 3_000;
/** Milliseconds to wait for an answer: past it the connection counts as gone. */
const ANSWER_MS_MAX = 2_000;
/** Milliseconds between messages to oneself. One that does not come back shows that none would. */
const PING_MS = 5_000;
/** Milliseconds until a broken connection is made anew: doubled with each failure, and spread. */
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5_000;

/**
 * A message to nobody in particular that is lost with the node need not be on disk. Without this the sender would
 * wait for the disk while it holds the lock that all notifying transactions of the database queue for.
 */
const NOT_DURABLE = `set_config('synchronous_commit', 'off', true)`;

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

export interface ListenerOptions extends ConnectionOptions {
  readonly channel: string;
  /** Must not throw. Messages of this process come too. */
  readonly onPayload: (payload: string) => void;
  /** From now on messages are heard; what was sent before may have been missed. */
  readonly onListening: () => void;
  /** Not heard for a while; it is being tried again. */
  readonly onLost: (error: unknown) => void;
}

const newClient = ({url, applicationName}: ConnectionOptions): pg.Client =>
  new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    keepAlive: true,
  });

/** At once: a peer that is gone never answers a goodbye. */
const destroy = (client: pg.Client): void => void client.connection.stream.destroy();

/** failures: in a row, from 1. */
export function retryDelayMs(failures: number): number {
  const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (failures - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Hears what is sent to a channel, over a connection that is made anew whenever it breaks. Opens at once. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const isStopping = (): boolean => stopping.aborted;
    for (let failures = 0; !isStopping();) {
      try {
        await this.#listen(stopping, () => {
          failures = 0;
        });
      } catch (error) {
        if (isStopping()) return;
        failures++;
        this.#options.onLost(error);
        await delay(retryDelayMs(failures), undefined, {signal: stopping}).catch(() => undefined);
      }
    }
  }

  /** Never resolves. onProven: a message has come through. */
  async #listen(stopping: AbortSignal, onProven: () => void): Promise<never> {
    const {channel, onPayload, onListening} = this.#options;
    const client = newClient(this.#options);
    const gone = new AbortController();
    const ownChannel = `${channel}_${randomUUID().replaceAll('-', '')}`;
    const pings = {heard: 0};
    client.on('error', (error) => gone.abort(error));
    client.on('end', () => gone.abort(new Error('The connection ended')));
    client.on('notification', ({channel: heardOn, payload = ''}) => {
      if (heardOn === channel) onPayload(payload);
      else pings.heard++;
    });
    const onStop = (): void => destroy(client);
    stopping.addEventListener('abort', onStop, {once: true});
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      await client.query(`LISTEN ${ownChannel}`);
      onListening();
      for (;;) {
        const {heard} = pings;
        await client.query(`SELECT ${NOT_DURABLE}, pg_notify($1, '')`, [ownChannel]);
        await delay(PING_MS, undefined, {signal: gone.signal});
        // Also so behind a pooler that gives each statement another connection.
        if (pings.heard === heard) throw new Error('Notifications do not come through');
        onProven();
      }
    } catch (error) {
      throw gone.signal.aborted ? gone.signal.reason : error;
    } finally {
      stopping.removeEventListener('abort', onStop);
      destroy(client);
    }
  }
}

/** Sends to a channel, over a connection made when it is first needed and again after it broke. */
export class Notifier {
  readonly #options: ConnectionOptions & {readonly channel: string};
  #client: Promise<pg.Client> | null = null;

  constructor(options: ConnectionOptions & {readonly channel: string}) {
    this.#options = options;
  }

  /** All in one transaction. Rejects if they may not have been sent; whoever calls again connects anew. */
  async send(payloads: readonly string[]): Promise<void> {
    const connecting = (this.#client ??= this.#connect());
    try {
      const client = await connecting;
      await client.query(
        `SELECT count(pg_notify($1, payload)), ${NOT_DURABLE} FROM unnest($2::text[]) AS payload`,
        [this.#options.channel, payloads],
      );
    } catch (error) {
      await this.#drop(connecting);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#client !== null) await this.#drop(this.#client);
  }

  async #connect(): Promise<pg.Client> {
    const client = newClient(this.#options);
    const onGone = (): void => {
      this.#client = null;
    };
    client.on('error', onGone);
    client.on('end', onGone);
    await client.connect();
    return client;
  }

  async #drop(connecting: Promise<pg.Client>): Promise<void> {
    if (this.#client === connecting) this.#client = null;
    const client = await connecting.catch(() => null);
    if (client !== null) destroy(client);
  }
}
