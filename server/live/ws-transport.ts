// The transport that runs everywhere: node:http with `ws` for upgrades. See socket.ts for what it promises.

import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo, Socket as TcpSocket} from 'node:net';
import type {Duplex} from 'node:stream';
import {type ServerOptions, WebSocketServer} from 'ws';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {HeaderPair} from '../answer-headers.ts';
import {plainAddress, problemOf, statusLine} from './http-exchange.ts';
import {CONNECT_BACKLOG} from './live-limits.ts';
import type {StartTransport, TransportOptions, UpgradeRequest} from './socket.ts';
import {answerHttp, isBodyTooLarge} from './ws-http.ts';
import {WsSocket} from './ws-socket.ts';

/** Milliseconds for the head of a request, and for the whole of one: a phone may be slow, not endless. */
const HEAD_MS_MAX = 10_000;
const REQUEST_MS_MAX = 60_000;
/** Milliseconds an idle HTTP connection is kept; above what proxies use, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** Milliseconds a peer has to answer a close frame, and open requests have to end when stopping. */
const CLOSE_MS_MAX = 5_000;

/** Rejects when the port cannot be listened on. */
export const startWsTransport: StartTransport = async (options) => {
  const headMsMax = options.headMsMax ?? HEAD_MS_MAX;
  const server = createServer({
    headersTimeout: headMsMax,
    requestTimeout: Math.max(REQUEST_MS_MAX, headMsMax),
    connectionsCheckingInterval: Math.min(headMsMax, 2_000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
  });
  const sockets = new Set<WsSocket>();
  serveRequests(server, options);
  serveUpgrades(server, {options, sockets});
  await listen(server, options);
  return {
    kind: 'ws',
    port: (server.address() as AddressInfo).port,
    stop: () => stop(server, sockets),
  };
};

function serveRequests(server: Server, options: TransportOptions): void {
  server.on('request', (incoming, outgoing) => void answerHttp(options, {incoming, outgoing}));
  server.on('checkContinue', (incoming: IncomingMessage, outgoing) => {
    // The peer waits for leave to send its body: one that is too large need not be sent at all.
    if (!isBodyTooLarge(incoming, options)) outgoing.writeContinue();
    void answerHttp(options, {incoming, outgoing});
  });
}

function serveUpgrades(server: Server, deps: {options: TransportOptions; sockets: Set<WsSocket>}): void {
  const {options, sockets} = deps;
  const settings: ServerOptions & {closeTimeout: number} = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.frameBytesMax,
    closeTimeout: CLOSE_MS_MAX,
  };
  const upgrades = new WebSocketServer(settings);
  server.on('upgrade', (incoming: IncomingMessage, tcp: TcpSocket, head: Buffer) => {
    const decision = options.accept(upgradeRequestOf(incoming));
    if (typeof decision === 'string') {
      refuse(tcp, {code: decision, answerHeaders: options.answerHeaders});
      return;
    }
    upgrades.handleUpgrade(incoming, tcp, head, (ws) => {
      const socket = new WsSocket({ws, tcp, onGone: () => sockets.delete(socket)});
      sockets.add(socket);
      socket.open(decision);
    });
  });
}

function upgradeRequestOf(incoming: IncomingMessage): UpgradeRequest {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  return {
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    origin: incoming.headers.origin,
    host: incoming.headers.host,
    header: (name) => incoming.headers[name]?.toString(),
    remoteAddress: plainAddress(incoming.socket.remoteAddress ?? ''),
  };
}

function refuse(
  tcp: Duplex,
  {code, answerHeaders}: {code: ErrorCode; answerHeaders: readonly HeaderPair[]},
): void {
  const {status, contentType, body} = problemOf(code);
  const head = [
    `HTTP/1.1 ${statusLine(status)}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...answerHeaders.map(([name, value]) => `${name}: ${value}`),
  ];
  // The peer may be gone already; then there is nobody to tell.
  tcp.on('error', () => tcp.destroy());
  tcp.once('finish', () => tcp.destroy());
  tcp.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

async function listen(server: Server, {host, port}: TransportOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({host, port, backlog: CONNECT_BACKLOG}, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function stop(server: Server, sockets: ReadonlySet<WsSocket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const gone = [...sockets].map((socket) => socket.shutDown());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
  await Promise.all([closed, ...gone]);
  clearTimeout(timer);
}
