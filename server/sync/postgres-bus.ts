// The bus of several nodes on one Postgres. What is published while a batch is being sent goes with the next one, so
// the number of notifications follows time and not the number of commits. A node that is alone tells nobody.
import {randomUUID} from 'node:crypto';
import {setImmediate as nextTurn, setTimeout as delay} from 'node:timers/promises';
import {NODE_MESSAGE_MS} from '#crdt/protocol/limits.ts';
import {Listener, Notifier, PAYLOAD_BYTES_MAX, retryDelayMs} from '#db/notify.ts';
import {createBusBatch} from './bus-batch.ts';
import {decodeMessage, encodeMessages, encodePresence} from './bus-message.ts';
import {createBusPresence, PRESENCE_MS} from './bus-presence.ts';
import {assertSessionId, type Bus, type BusListener, type TenantNews} from './bus.ts';

const CHANNEL = 'fieldmerge';

/** Told of what happens on the bus. */
export interface BusWatch {
  readonly sent: (notifications: number) => void;
  /** lagMs: from the publishing of its oldest part on another node, by that node's clock, to now by this one's. */
  readonly received: (lagMs: number) => void;
  /** Not hearing others, or not being heard, for now. */
  readonly lost: (direction: 'receiving' | 'sending', error: unknown) => void;
  /** Hearing others again. */
  readonly reconnected: () => void;
}

export interface PostgresBusOptions {
  readonly url: string;
  readonly watch: BusWatch;
}

export class PostgresBus implements Bus {
  readonly #node = randomUUID();
  readonly #watch: BusWatch;
  readonly #batch = createBusBatch();
  readonly #presence = createBusPresence();
  readonly #presenceTimer: NodeJS.Timeout;
  readonly #listeners = new Set<BusListener>();
  readonly #notifier: Notifier;
  readonly #listener: Listener;
  readonly #stopping = new AbortController();
  #sending: Promise<void> | null = null;
  #sentAt = -Infinity;
  #mustSayPresent = false;

  /** Connects in the background. */
  constructor({url, watch}: PostgresBusOptions) {
    this.#watch = watch;
    this.#notifier = new Notifier({url, channel: CHANNEL, applicationName: 'fieldmerge notify'});
    let isFirst = true;
    this.#listener = new Listener({
      url,
      channel: CHANNEL,
      applicationName: 'fieldmerge listen',
      onPayload: (payload) => this.#receive(payload),
      onListening: () => {
        if (!isFirst) watch.reconnected();
        isFirst = false;
        this.#presence.listening(performance.now());
        this.#sayPresent();
        this.#tell((listener) => listener.uncertain?.());
      },
      onLost: (error) => {
        this.#presence.deaf();
        watch.lost('receiving', error);
      },
    });
    this.#presenceTimer = setInterval(() => this.#sayPresent(), PRESENCE_MS).unref();
  }

  publish(news: TenantNews): void {
    if (this.#presence.isAlone(performance.now())) return;
    this.#batch.addNews(news, Date.now());
    this.#startSending();
  }

  publishSession(sessionId: string): void {
    assertSessionId(sessionId);
    this.#tell((listener) => listener.sessionRevoked?.(sessionId));
    this.#batch.addSession(sessionId, Date.now());
    this.#startSending();
  }

  listen(listener: BusListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#presenceTimer);
    await this.#sending;
    await Promise.all([this.#notifier.close(), this.#listener.stop()]);
  }

  #sayPresent(): void {
    this.#mustSayPresent = true;
    this.#startSending();
  }

  #startSending(): void {
    // Nobody waits for it, and it does not reject.
    if (!this.#isStopping()) this.#sending ??= this.#send();
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #send(): Promise<void> {
    let failures = 0;
    while (this.#mustSayPresent || !this.#batch.isEmpty()) {
      await this.#pause(this.#sentAt + NODE_MESSAGE_MS - performance.now());
      this.#mustSayPresent = false;
      const content = this.#batch.take();
      const news = encodeMessages({node: this.#node, ...content}, {bytesMax: PAYLOAD_BYTES_MAX});
      const messages = news.length > 0 ? news : [encodePresence(this.#node, Date.now())];
      try {
        await this.#notifier.send(messages);
        failures = 0;
        this.#sentAt = performance.now();
        this.#watch.sent(messages.length);
      } catch (error) {
        this.#watch.lost('sending', error);
        // Others find out by themselves.
        if (this.#isStopping()) break;
        this.#batch.putBack(content);
        failures++;
        await this.#pause(retryDelayMs(failures));
      }
    }
    // In the same step as the last look at the batch: what is published next begins anew.
    this.#sending = null;
  }

  /** At least a turn of the event loop, so that what is published together goes together. */
  async #pause(ms: number): Promise<void> {
    const {signal} = this.#stopping;
    if (ms <= 0 || signal.aborted) await nextTurn();
    else await delay(ms, undefined, {signal}).catch(() => undefined);
  }

  #receive(payload: string): void {
    const message = decodeMessage(payload);
    if (message === null || message.node === this.#node) return;
    if (this.#presence.heard(message.node, performance.now())) this.#sayPresent();
    this.#watch.received(Math.max(0, Date.now() - message.since));
    this.#tell((listener) => {
      for (const sessionId of message.sessions) listener.sessionRevoked?.(sessionId);
      for (const news of message.news) listener.news?.(news);
      if (message.isOverflown) listener.uncertain?.();
    });
  }

  #tell(say: (listener: BusListener) => void): void {
    for (const listener of this.#listeners) say(listener);
  }
}
