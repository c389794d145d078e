// What session code knows of a connection's transport. ws and uWebSockets.js implement it and pass one
// conformance suite, so nothing above this line depends on either.
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {HeaderPair} from '../answer-headers.ts';

/** One open connection. All members are safe to call after the connection is gone: they then do nothing. */
export interface Socket {
  /** Queues one binary frame. The bytes are not copied: the caller must not write to them afterwards. */
  send(frame: Uint8Array): void;
  /** Bytes queued that the peer has not taken yet. 0 once closed. */
  bufferedBytes(): number;
  /**
   * Stops (true) or resumes (false) frames, so that a flood waits at its sender. What had already been read
   * is held and comes after resuming, in order; held frames past a bound close the connection with 4513.
   */
  pause(paused: boolean): void;
  /**
   * Starts the closing handshake with a code of 1000 or above and a reason of at most 123 UTF-8 bytes.
   * After it only `closed` comes, never within the call.
   */
  close(code: number, reason: string): void;
  /** Sends a WebSocket ping; its pong arrives as `SocketEvents.pong`. */
  ping(): void;
}

/** What a transport tells the session. `closed` comes exactly once, last, however the connection ended. */
export interface SocketEvents {
  /** The bytes belong to the session: the transport never writes to them again. */
  frame(bytes: Uint8Array): void;
  /** A text frame; no protocol here uses them. */
  text(): void;
  pong(): void;
  /** Fewer bytes are buffered than before, after `send` had to queue. */
  drained(): void;
  /** The code of the closing handshake: 1005 if the peer named none, 1006 if the handshake did not finish. */
  closed(code: number): void;
}

/** The upgrade request. Header names are lower case; `query` is the raw query string without `?`. */
export interface UpgradeRequest {
  readonly path: string;
  readonly query: string;
  readonly origin: string | undefined;
  /** The `Host` header: name and port the peer believes to speak to. */
  readonly host: string | undefined;
  /** Any other header by its lower-case name. To be called only until the upgrade is decided. */
  readonly header: (name: string) => string | undefined;
  readonly remoteAddress: string;
}

/** Decides an upgrade. A code refuses it, with its HTTP status; a function is told the socket once open. */
export type AcceptUpgrade = (request: UpgradeRequest) => ErrorCode | ((socket: Socket) => SocketEvents);

/** Answers one HTTP request. `remoteAddress` is IPv4 or IPv6 text; an IPv4 peer is never shown as `::ffff:`. */
export type FetchHttp = (request: Request, remoteAddress: string) => Response | Promise<Response>;

/** A listening server: `fetch` answers plain HTTP (the Hono app), `accept` decides upgrades. */
export interface TransportOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly fetch: FetchHttp;
  readonly accept: AcceptUpgrade;
  /** Added to every answer that does not set them itself, of `fetch` or of the transport. */
  readonly answerHeaders: readonly HeaderPair[];
  /** Largest frame taken; a larger one closes the connection with 1009. */
  readonly frameBytesMax: number;
  /** Largest HTTP body taken; a larger one is answered 413 without being read to its end. */
  readonly bodyBytesMax: number;
  /** Paths that take larger bodies, such as files. */
  readonly largeBodies?: {readonly prefix: string; readonly bytesMax: number};
  /** Milliseconds a peer has for the head of a request. uWebSockets.js has a time of its own, about 30 s. */
  readonly headMsMax?: number;
}

export interface Transport {
  readonly kind: 'ws' | 'uws';
  readonly port: number;
  /** Stops accepting, closes what is open with 1012, and resolves when all is closed. */
  stop(): Promise<void>;
}

export type StartTransport = (options: TransportOptions) => Promise<Transport>;
