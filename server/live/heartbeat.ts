// Pings the peer, and lets go of one that has not been heard of for too long.
import {IDLE_TIMEOUT_MS, PING_INTERVAL_MS} from '#crdt/protocol/limits.ts';
import type {Connection} from './connection.ts';
import type {Gate} from './gate.ts';

export interface Heartbeat {
  /** A frame or a pong came. */
  heard(): void;
}

/** onBeat: called with each ping. */
export function startHeartbeat(
  connection: Connection,
  {gate, now, onBeat = () => undefined}: {gate: Gate; now: () => number; onBeat?: () => void},
): Heartbeat {
  let heardAt = now();
  const beat = (): void => {
    // Nothing can be heard of a socket that is not being read.
    if (gate.isHeld()) heardAt = now();
    const silentMs = now() - heardAt;
    if (silentMs >= IDLE_TIMEOUT_MS) {
      connection.end('idle_timeout');
      return;
    }
    connection.socket.ping();
    onBeat();
    connection.after(Math.min(PING_INTERVAL_MS, IDLE_TIMEOUT_MS - silentMs), beat);
  };
  connection.after(PING_INTERVAL_MS, beat);
  return {
    heard() {
      heardAt = now();
    },
  };
}
