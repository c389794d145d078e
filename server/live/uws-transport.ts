// The fast transport, where its binary loads: uWebSockets.js. See socket.ts for what it promises.

import {setTimeout} from 'node:timers/promises';
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
} from 'uWebSockets.js';
import {problemOf, statusLine} from './http-exchange.ts';
import type {StartTransport, TransportOptions} from './socket.ts';
import {addressOf, answerUws} from './uws-http.ts';
import {loadUws, type UwsModule} from './uws-load.ts';
import {UwsSocket, type UwsUserData} from './uws-socket.ts';

/** Close code of a server that restarts (RFC 6455 registry). */
const RESTART = 1012;
/** Milliseconds open requests have to end when stopping. */
const CLOSE_MS_MAX = 5_000;
/** Milliseconds between close frames and the end, so that frames still coming in do not reset them away. */
const LINGER_MS = 200;
/** The library cuts a frame past its limit without a close frame, so it gets room for a polite 1009. */
const FRAME_ROOM = 4;
/** Seconds without traffic until the library cuts: the last resort for a peer that ignores a close frame. */
const IDLE_S_MAX = 120;

/** What is open, so that stopping can wait for it. */
interface Open {
  readonly sockets: Set<UwsSocket>;
  readonly requests: Set<Promise<void>>;
}

/** Rejects when the library does not load here, or the port cannot be listened on. */
export const startUwsTransport: StartTransport = async (options) => {
  const loaded = loadUws();
  if (loaded.kind === 'unavailable') throw new Error(`uWebSockets.js does not load: ${loaded.reason}`);
  const {uws} = loaded;
  const open: Open = {sockets: new Set(), requests: new Set()};
  const app = uws.App();
  serveSockets(app, {uws, options, open});
  app.any('/*', (response, request) => {
    const answered = answerUws(options, {response, request});
    open.requests.add(answered);
    void answered.finally(() => open.requests.delete(answered));
  });
  const listener = await listen(app, options);
  return {
    kind: 'uws',
    port: uws.us_socket_local_port(listener),
    stop: async () => {
      uws.us_listen_socket_close(listener);
      await stop(app, open);
    },
  };
};

function serveSockets(
  app: TemplatedApp,
  deps: {uws: UwsModule; options: TransportOptions; open: Open},
): void {
  const {uws, options, open} = deps;
  app.ws<UwsUserData>('/*', {
    compression: uws.DISABLED,
    maxPayloadLength: options.frameBytesMax * FRAME_ROOM,
    // 0: no limit. The session bounds what it sends; the library would drop frames silently.
    maxBackpressure: 0,
    idleTimeout: IDLE_S_MAX,
    sendPingsAutomatically: false,
    upgrade: (response, request, context) => decideUpgrade({options, open}, {response, request, context}),
    open: (native) => native.getUserData().socket.open(native),
    message: (native, message, isBinary) => native.getUserData().socket.receive(message, isBinary),
    pong: (native) => native.getUserData().socket.pong(),
    drain: (native) => native.getUserData().socket.drained(),
    close: (native, code) => native.getUserData().socket.gone(code),
  });
}

function decideUpgrade(
  {options, open}: {options: TransportOptions; open: Open},
  native: {response: HttpResponse; request: HttpRequest; context: us_socket_context_t},
): void {
  const {response, request, context} = native;
  const decision = options.accept({
    path: request.getUrl(),
    query: request.getQuery(),
    origin: request.getHeader('origin') || undefined,
    host: request.getHeader('host') || undefined,
    header: (name) => request.getHeader(name) || undefined,
    remoteAddress: addressOf(response),
  });
  if (typeof decision === 'string') {
    const {status, contentType, body} = problemOf(decision);
    response.writeStatus(statusLine(status)).writeHeader('content-type', contentType);
    for (const [name, value] of options.answerHeaders) response.writeHeader(name, value);
    response.end(body, true);
    return;
  }
  const socket = new UwsSocket({
    start: decision,
    frameBytesMax: options.frameBytesMax,
    onGone: (gone) => open.sockets.delete(gone),
  });
  open.sockets.add(socket);
  const key = request.getHeader('sec-websocket-key');
  const protocol = request.getHeader('sec-websocket-protocol');
  response.upgrade<UwsUserData>({socket}, key, protocol, '', context);
}

async function listen(app: TemplatedApp, {host, port}: TransportOptions): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    app.listen(host, port, (listener) => {
      if (listener !== false) resolve(listener);
      else reject(new Error(`Cannot listen on ${host}:${port}; is the port taken?`));
    });
  });
}

async function stop(app: TemplatedApp, open: Open): Promise<void> {
  const hadSockets = open.sockets.size > 0;
  for (const socket of [...open.sockets]) socket.close(RESTART, 'restart');
  const timeout = new AbortController();
  const tooLong = setTimeout(CLOSE_MS_MAX, undefined, {signal: timeout.signal}).catch(() => undefined);
  await Promise.race([Promise.all(open.requests), tooLong]);
  timeout.abort();
  if (hadSockets) await setTimeout(LINGER_MS);
  // Ends idle connections, and whatever did not end in time.
  app.close();
}
