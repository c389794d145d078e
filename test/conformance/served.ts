// A transport with a small app and sessions that write down what they are told.

import {type ErrorCode, errorCodes} from '#crdt/protocol/error-code.ts';
import type {HeaderPair} from '#server/answer-headers.ts';
import type {
  AcceptUpgrade,
  FetchHttp,
  Socket,
  SocketEvents,
  Transport,
  TransportOptions,
  UpgradeRequest,
} from '#server/live/socket.ts';
import type {TransportUnderTest} from './transport-kinds.ts';
import {Watched} from './watch.ts';

export const FRAME_BYTES_MAX = 256 * 1024;
export const BODY_BYTES_MAX = 64 * 1024;
export const ANSWER_HEADERS: readonly HeaderPair[] = [
  ['x-frame-options', 'DENY'],
  ['cache-control', 'no-store'],
];

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorCodes, text);

/** One connection as its session sees it. */
export class Session extends Watched {
  readonly socket: Socket;
  readonly request: UpgradeRequest;
  readonly frames: Uint8Array[] = [];
  /** Names of all events, in order. */
  readonly events: string[] = [];
  readonly closedCodes: number[] = [];
  /** Called with each frame after it was noted. */
  onFrame: (bytes: Uint8Array) => void = () => undefined;

  constructor(socket: Socket, request: UpgradeRequest) {
    super();
    this.socket = socket;
    this.request = request;
  }

  count(event: string): number {
    return this.events.filter((name) => name === event).length;
  }

  listen(): SocketEvents {
    const note = (event: string): void => {
      this.events.push(event);
      this.changed();
    };
    return {
      frame: (bytes) => {
        this.frames.push(bytes);
        note('frame');
        this.onFrame(bytes);
      },
      text: () => note('text'),
      pong: () => note('pong'),
      drained: () => note('drained'),
      closed: (code) => {
        this.closedCodes.push(code);
        note('closed');
      },
    };
  }
}

/** A running transport and its sessions in the order they opened. */
export class Served extends Watched {
  readonly sessions: Session[] = [];
  readonly kind: Transport['kind'];
  #transport: Transport | undefined;

  constructor(kind: Transport['kind']) {
    super();
    this.kind = kind;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error('The transport is not running.');
    return this.#transport;
  }

  get port(): number {
    return this.transport.port;
  }

  async start(
    under: TransportUnderTest,
    options: Partial<TransportOptions> & {fetch: FetchHttp},
  ): Promise<void> {
    this.#transport = await under.start({
      host: '127.0.0.1',
      port: 0,
      accept: this.#accept,
      frameBytesMax: FRAME_BYTES_MAX,
      bodyBytesMax: BODY_BYTES_MAX,
      answerHeaders: ANSWER_HEADERS,
      ...options,
    });
  }

  /** The session opened last, once there is one more than before `open`. */
  async sessionOf(open: () => Promise<unknown>): Promise<Session> {
    const before = this.sessions.length;
    await open();
    await this.until(() => this.sessions.length > before);
    return this.sessions[before]!;
  }

  /** `/refuse/CODE` is refused; `/echo` sends frames back; everything else only notes. */
  readonly #accept: AcceptUpgrade = (request) => {
    const refused = /^\/refuse\/(\w+)$/.exec(request.path)?.[1];
    if (refused !== undefined && isErrorCode(refused)) return refused;
    return (socket) => {
      const session = new Session(socket, request);
      if (request.path === '/echo') session.onFrame = (bytes) => socket.send(bytes);
      this.sessions.push(session);
      this.changed();
      return session.listen();
    };
  };
}

export async function serve(
  under: TransportUnderTest,
  options: Partial<TransportOptions> = {},
): Promise<Served> {
  const served = new Served(under.kind);
  await served.start(under, {fetch: () => new Response(null, {status: 404}), ...options});
  return served;
}
