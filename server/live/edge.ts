// The live edge as server/start.ts wires it: which upgrades are taken, and what becomes of each socket.
import {isEntityName} from '#crdt/entities/registry.ts';
import {isUuid} from '#crdt/protocol/ids.ts';
import {createFailureLimit} from '../auth/failure-limit.ts';
import type {Logger} from '../logger.ts';
import {isOriginRefused, type OriginRules} from '../origins.ts';
import {isRefusedAsPlain} from '../tls.ts';
import {createAdmission} from './admission.ts';
import {Connection} from './connection.ts';
import {createFrameRates} from './frame-rates.ts';
import {LiveSession, type SessionDeps} from './session.ts';
import {createSessions, type OpenSession} from './sessions.ts';
import type {AcceptUpgrade, Socket, SocketEvents, UpgradeRequest} from './socket.ts';
import {createSocketPlaces, type SocketsMax} from './socket-places.ts';
import {realTimers, type Timers} from './timers.ts';
import {createTraffic, type Traffic} from './traffic.ts';
import {YjsRoom} from './yjs-room.ts';

export interface LiveEdge {
  readonly accept: AcceptUpgrade;
  /** Takes no more sockets, says so to the open ones, and resolves when they have ended. */
  drain(): Promise<void>;
  /** Closes all sockets with 1012 at once. */
  stop(): void;
  readonly traffic: Traffic;
  stats(): {readonly sockets: number; readonly live: number; readonly yjs: number};
}

export interface LiveEdgeDeps
  extends Omit<SessionDeps, 'failures' | 'frames' | 'admission' | 'places'>, OriginRules {
  readonly log: Logger;
  /** Header in which a trusted proxy names the caller; lower case. */
  readonly clientAddressHeader?: string | undefined;
  /** Absent: as many as the limits say. */
  readonly socketsMax?: SocketsMax;
  readonly timers?: Timers;
  /** 0 to 1. */
  readonly random?: () => number;
}

export function createLiveEdge(deps: LiveEdgeDeps): LiveEdge {
  const {log, timers = realTimers, random = Math.random, clientAddressHeader} = deps;
  const {now} = deps.service;
  const frames = createFrameRates({now});
  const session: SessionDeps = {
    ...deps,
    frames,
    failures: createFailureLimit({now}),
    admission: createAdmission(timers),
    places: createSocketPlaces(deps.socketsMax),
  };
  const sessions = createSessions({timers, random});
  const traffic = createTraffic();
  const open = <S extends OpenSession & SocketEvents>(
    start: (connection: Connection) => S,
  ): ((socket: Socket) => SocketEvents) => {
    return (socket) => {
      const connection = new Connection({socket, log, timers, traffic});
      const events = start(connection);
      // Counted until the transport says that it is gone, not only until closing began.
      return counted(events, {traffic, remove: sessions.add(events)});
    };
  };
  return {
    traffic,
    accept(request) {
      const {path} = request;
      if (isRefusedAsPlain({path, forwarded: request.header('x-forwarded-proto')}, deps))
        return 'tls_required';
      if (sessions.isDraining()) return 'not_ready';
      if (isOriginRefused(request, deps)) return 'origin_refused';
      const address = addressOf(request, clientAddressHeader);
      if (path === LIVE_PATH) return open((connection) => new LiveSession(connection, session, address));
      const record = readRoomPath(path);
      if (record === null) return 'not_found';
      const query = new URLSearchParams(request.query);
      return open((connection) => new YjsRoom(connection, session, {record, query, address}));
    },
    drain: () => sessions.drain(),
    stop: () => sessions.stop(),
    stats() {
      const {live, yjs} = sessions.count();
      return {sockets: live + yjs, live, yjs};
    },
  };
}

const LIVE_PATH = '/v1/sync/live';
const roomPattern = /^\/v1\/sync\/yjs\/([a-z_]{1,64})\/([0-9a-fA-F-]{36})$/;

function readRoomPath(path: string) {
  const [, entity = '', text = ''] = roomPattern.exec(path) ?? [];
  const id = text.toLowerCase();
  return isEntityName(entity) && isUuid(id) ? {entity, id} : null;
}

/** Behind a proxy the last address is the one it saw itself; those before it are the caller's word. */
function addressOf({header, remoteAddress}: UpgradeRequest, named: string | undefined): string {
  const last = named === undefined ? undefined : header(named)?.split(',').at(-1)?.trim();
  return last === undefined || last === '' ? remoteAddress : last;
}

/** remove: called when the connection is gone. */
const counted = (
  events: SocketEvents,
  {traffic, remove}: {traffic: Traffic; remove: () => void},
): SocketEvents => ({
  frame(bytes) {
    traffic.receivedBytes += bytes.length;
    events.frame(bytes);
  },
  text: () => events.text(),
  pong: () => events.pong(),
  drained: () => events.drained(),
  closed(code) {
    remove();
    events.closed(code);
  },
});
