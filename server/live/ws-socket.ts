// One connection of the `ws` transport.

import type {Socket as TcpSocket} from 'node:net';
import {WebSocket} from 'ws';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {HeldFrames} from './held-frames.ts';
import type {Socket, SocketEvents} from './socket.ts';
import {frameBinary} from './ws-frame.ts';

/** Close code of a server that restarts (RFC 6455 registry). */
const RESTART = 1012;
const NO_BYTES = new Uint8Array();
/** Bytes of frames that wait for the end of their turn. */
const TURN_BYTES_MAX = 64 * 1024;

/** Adapts one `ws` socket; `onGone` is told once, before the session is. */
export class WsSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #tcp: TcpSocket;
  readonly #onGone: () => void;
  #events: SocketEvents | undefined;
  #awaitsDrain = false;
  #isHeld = false;
  /** Bytes that were queued before what is held. */
  #queuedBytes = 0;
  readonly #held = new HeldFrames((bytes) => this.#events?.frame(bytes));
  readonly #gone: Promise<void>;

  constructor(deps: {ws: WebSocket; tcp: TcpSocket; onGone: () => void}) {
    this.#ws = deps.ws;
    this.#tcp = deps.tcp;
    this.#onGone = deps.onGone;
    this.#gone = new Promise((resolve) => this.#ws.once('close', () => resolve()));
  }

  open(start: (socket: Socket) => SocketEvents): void {
    this.#ws.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    this.#ws.on('pong', () => this.#listener()?.pong());
    // Protocol errors and lost connections: `close` follows in every case.
    this.#ws.on('error', () => this.#held.clear());
    this.#ws.on('close', (code) => {
      this.#held.clear();
      this.#onGone();
      this.#events?.closed(code);
    });
    this.#events = start(this);
  }

  /**
   * Writes the frame itself instead of through `ws.send`: a frame that goes to many sockets is framed once,
   * and each gets one buffer and no callback. Order with `ws`'s own control frames is that of the calls.
   */
  send(frame: Uint8Array): void {
    if (!this.#isOpen()) return;
    if (!this.#isHeld) this.#hold();
    this.#tcp.write(frameBinary(frame));
    if (this.#tcp.writableLength - this.#queuedBytes > TURN_BYTES_MAX) this.#release();
  }

  /** Frames of one turn of the event loop leave in one system call, which costs more than making them. */
  #hold(): void {
    this.#isHeld = true;
    this.#queuedBytes = this.#tcp.writableLength;
    this.#tcp.cork();
    process.nextTick(this.#release);
  }

  readonly #release = (): void => {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#tcp.uncork();
    if (this.#isOpen() && this.#tcp.writableLength > 0) this.#awaitDrain();
  };

  bufferedBytes(): number {
    if (this.#tcp.destroyed || this.#ws.readyState === WebSocket.CLOSED) return 0;
    // The peer had no chance yet to take what is held.
    return this.#isHeld ? this.#queuedBytes : this.#tcp.writableLength;
  }

  pause(paused: boolean): void {
    if (!this.#isOpen()) return;
    this.#held.pause(paused);
    if (paused) this.#ws.pause();
    else this.#ws.resume();
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen()) return;
    this.#held.clear();
    // A paused connection would never read the answer to the close frame.
    this.#ws.resume();
    this.#ws.close(code, reason);
  }

  ping(): void {
    if (this.#isOpen()) this.#ws.ping();
  }

  /** Closes for a restart; resolves when the connection is gone. */
  async shutDown(): Promise<void> {
    this.close(RESTART, 'restart');
    await this.#gone;
  }

  #isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  /** Nothing but `closed` comes once closing has begun. */
  #listener(): SocketEvents | undefined {
    return this.#isOpen() ? this.#events : undefined;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      this.#listener()?.text();
      return;
    }
    if (!this.#isOpen()) return;
    // A copy of exact size: `data` may be part of a larger read, or of a pool that is handed out again.
    if (!this.#held.take(new Uint8Array(data)))
      this.close(errorCodes.overloaded.close ?? RESTART, 'overloaded');
  }

  /** An empty write has its turn after what is queued, so its callback says that this much is taken. */
  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#tcp.write(NO_BYTES, this.#onDrain);
  }

  readonly #onDrain = (error?: Error | null): void => {
    this.#awaitsDrain = false;
    if (error || !this.#isOpen()) return;
    if (this.#tcp.writableLength > 0) this.#awaitDrain();
    this.#events?.drained();
  };
}
