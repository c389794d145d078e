// Makes `Socket.pause` exact. A transport may have read frames that the session does not want yet (ws: the
// rest of a chunk; uWebSockets.js: whatever comes, it cannot stop reading), so they wait here in order.

/** Bytes of frames held for one paused connection. Past it the transport closes with `overloaded`. */
export const HELD_BYTES_MAX = 1024 * 1024;

/** Lets frames through, or holds them while paused. */
export class HeldFrames {
  readonly #deliver: (bytes: Uint8Array) => void;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #paused = false;

  constructor(deliver: (bytes: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Delivers or holds one frame. False: the bound is passed, nothing was held. */
  take(bytes: Uint8Array): boolean {
    if (!this.#paused && this.#frames.length === 0) {
      this.#deliver(bytes);
      return true;
    }
    if (this.#bytes + bytes.length > HELD_BYTES_MAX) return false;
    this.#frames.push(bytes);
    this.#bytes += bytes.length;
    return true;
  }

  /** Held frames are delivered after the caller has returned, so that resuming never re-enters the session. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused && this.#frames.length > 0) queueMicrotask(() => this.#release());
  }

  /** Drops what is held: the connection is closing and nothing may reach the session any more. */
  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  #release(): void {
    let next = 0;
    // A frame may pause or close again, so both are looked at before each.
    while (!this.#paused && next < this.#frames.length) {
      const frame = this.#frames[next++];
      if (frame === undefined) break;
      this.#bytes -= frame.length;
      this.#deliver(frame);
    }
    this.#frames.splice(0, next);
  }
}
