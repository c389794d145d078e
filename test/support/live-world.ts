// A world with sockets: the live edge over a real transport on a free port, and devices to connect.
import {onTestFinished} from 'vitest';
import {BODY_BYTES_MAX, FRAME_BYTES_MAX} from '#crdt/protocol/limits.ts';
import {createLiveEdge, type LiveEdge, type LiveEdgeDeps} from '#server/live/edge.ts';
import type {FetchHttp, Socket, SocketEvents, StartTransport, Transport} from '#server/live/socket.ts';
import {silentLogger} from '#server/logger.ts';
import {LiveDevice, type LiveDeviceOptions} from './live-device.ts';
import type {Person, World} from './world.ts';

export interface LiveServer {
  readonly edge: LiveEdge;
  /** The server's ends, in the order they opened. */
  readonly sockets: readonly Socket[];
  readonly transport: Transport;
  readonly port: number;
  /** `ws://host:port`. */
  readonly url: string;
  /** A device of a person, welcomed and caught up unless it was refused. Closed with the test. */
  readonly connect: (person: Person, options?: Partial<LiveDeviceOptions>) => Promise<LiveDevice>;
}

/** What lies between a transport and the session on a socket. */
export type Wire = (socket: Socket, open: (socket: Socket) => SocketEvents) => SocketEvents;

const open: Wire = (socket, begin) => begin(socket);

/** Stops with the test that runs, or call `transport.stop`. */
export async function startLive(
  world: World,
  {
    start,
    through = open,
    fetch = () => new Response(null, {status: 404}),
    ...deps
  }: {start: StartTransport; through?: Wire; fetch?: FetchHttp} & Partial<LiveEdgeDeps>,
): Promise<LiveServer> {
  const edge = createLiveEdge({
    service: world.service,
    verifier: world.verifier,
    log: silentLogger,
    allowedOrigins: [],
    requireTls: false,
    ...deps,
  });
  const sockets: Socket[] = [];
  const transport = await start({
    host: '127.0.0.1',
    port: 0,
    fetch,
    accept(request) {
      const decision = edge.accept(request);
      if (typeof decision === 'string') return decision;
      return (socket) => {
        sockets.push(socket);
        return through(socket, decision);
      };
    },
    frameBytesMax: FRAME_BYTES_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
    answerHeaders: [],
  });
  onTestFinished(() => transport.stop());
  const url = `ws://127.0.0.1:${transport.port}`;
  return {
    edge,
    sockets,
    transport,
    port: transport.port,
    url,
    async connect({token, tenantId, deviceId}, options = {}) {
      const device = await LiveDevice.connect({url, token, tenantId, deviceId, ...options});
      onTestFinished(() => device.close());
      return device.live();
    },
  };
}
