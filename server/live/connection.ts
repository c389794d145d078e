// One open socket as the parts of a session share it: sending, timers that end with it, and the one way to close.
import {errorCodes, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {encodeFrame, type ServerFrame} from '#crdt/protocol/frame.ts';
import type {Logger} from '../logger.ts';
import {closeCodeOf, codeOf, RESTART} from './close-code.ts';
import type {Socket} from './socket.ts';
import type {Timers} from './timers.ts';
import {countOne, createTraffic, type Traffic} from './traffic.ts';

export class Connection {
  readonly socket: Socket;
  readonly log: Logger;
  readonly traffic: Traffic;
  readonly #timers: Timers;
  readonly #cleanups = new Set<() => void>();
  #isEnded = false;

  /** traffic: what all connections of the node are counted in. */
  constructor({
    socket,
    log,
    timers,
    traffic = createTraffic(),
  }: {
    socket: Socket;
    log: Logger;
    timers: Timers;
    traffic?: Traffic;
  }) {
    this.socket = socket;
    this.log = log;
    this.#timers = timers;
    this.traffic = traffic;
  }

  /** True from the moment closing begins: nothing is sent or done for it any more. */
  isEnded(): boolean {
    return this.#isEnded;
  }

  send(frame: ServerFrame): void {
    this.sendBytes(encodeFrame(frame));
  }

  /** The bytes may be shared with other connections: nobody may write to them. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.traffic.sentBytes += bytes.length;
    try {
      this.socket.send(bytes);
    } catch (error) {
      // What is sent is often one of many, or the last step of something done: one peer must not end it for the others.
      this.fail(error);
    }
  }

  /** Runs once after a while, unless the connection ends before; the function it answers cancels that. */
  after(ms: number, run: () => void): () => void {
    if (this.#isEnded) return () => undefined;
    const cancel = this.#timers.after(ms, () => {
      this.#cleanups.delete(cancel);
      run();
    });
    this.#cleanups.add(cancel);
    return () => {
      this.#cleanups.delete(cancel);
      cancel();
    };
  }

  /** Called once when the connection ends, however it does; at once if it has. */
  onEnd(cleanup: () => void): void {
    if (this.#isEnded) cleanup();
    else this.#cleanups.add(cleanup);
  }

  /** Closes with the code's close code. Only the first ending counts. */
  end(code: ErrorCode): void {
    if (this.#isEnded) return;
    this.log[errorCodes[code].log]('connection closed', {code});
    countOne(this.traffic.endings, code);
    this.gone();
    this.socket.close(closeCodeOf(code), code);
  }

  /** Ends with what an error means; the unexpected ones are logged whole. */
  fail(error: unknown): void {
    const code = codeOf(error);
    if (code === 'internal') this.log.error('a connection failed', {}, error);
    this.end(code);
  }

  /** The node stops; the peer may come back to another. */
  restart(): void {
    if (this.#isEnded) return;
    this.gone();
    this.socket.close(RESTART, 'restart');
  }

  /** The transport says that the connection is gone, or closing began. */
  gone(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const cleanups = [...this.#cleanups];
    this.#cleanups.clear();
    for (const cleanup of cleanups) cleanup();
  }
}
