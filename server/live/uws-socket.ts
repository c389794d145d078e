// One connection of the uWebSockets.js transport. The native object throws on any access after it closed, so
// it is let go of the moment that happens.

import type {WebSocket} from 'uWebSockets.js';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {HeldFrames} from './held-frames.ts';
import type {Socket, SocketEvents} from './socket.ts';

const TOO_BIG = 1009;
const INTERNAL = 1011;
/** What `send` and `ping` return when a frame was dropped. Backpressure has no limit here, so it never does. */
const DROPPED = 2;

/** Hung onto the native socket as its user data. */
export interface UwsUserData {
  readonly socket: UwsSocket;
}

/** Adapts one native socket; `onGone` is told once, before the session is. */
export class UwsSocket implements Socket {
  readonly #start: (socket: Socket) => SocketEvents;
  readonly #frameBytesMax: number;
  readonly #onGone: () => void;
  #native: WebSocket<UwsUserData> | undefined;
  #events: SocketEvents | undefined;
  readonly #held = new HeldFrames((bytes) => this.#listener()?.frame(bytes));

  constructor(deps: {
    start: (socket: Socket) => SocketEvents;
    frameBytesMax: number;
    onGone: (socket: UwsSocket) => void;
  }) {
    this.#start = deps.start;
    this.#frameBytesMax = deps.frameBytesMax;
    this.#onGone = () => deps.onGone(this);
  }

  open(native: WebSocket<UwsUserData>): void {
    this.#native = native;
    this.#events = this.#start(this);
  }

  send(frame: Uint8Array): void {
    if (this.#native?.send(frame, true) === DROPPED) this.close(INTERNAL, 'dropped');
  }

  bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0;
  }

  /** The library cannot stop reading from a WebSocket, so frames that come while paused are held. */
  pause(paused: boolean): void {
    if (this.#native !== undefined) this.#held.pause(paused);
  }

  close(code: number, reason: string): void {
    // `end` tells `gone` within the call.
    this.#native?.end(code, reason);
  }

  ping(): void {
    this.#native?.ping();
  }

  receive(message: ArrayBuffer, isBinary: boolean): void {
    if (message.byteLength > this.#frameBytesMax) {
      this.close(TOO_BIG, '');
      return;
    }
    if (!isBinary) {
      this.#listener()?.text();
      return;
    }
    // A copy: the library takes the buffer back when this returns.
    const bytes = new Uint8Array(message.slice(0));
    if (!this.#held.take(bytes)) this.close(errorCodes.overloaded.close ?? INTERNAL, 'overloaded');
  }

  pong(): void {
    this.#listener()?.pong();
  }

  drained(): void {
    this.#listener()?.drained();
  }

  gone(code: number): void {
    this.#native = undefined;
    this.#held.clear();
    this.#onGone();
    // Later, because `close` promises not to call back before it returns.
    queueMicrotask(() => this.#events?.closed(code));
  }

  #listener(): SocketEvents | undefined {
    return this.#native === undefined ? undefined : this.#events;
  }
}
