// Watches what a socket has not sent yet. Past a bound nothing more is to be put there, and nothing is read from
// a peer that does not read its answers; one that takes nothing for too long is let go.
import {BUFFERED_BYTES_PAUSE, SLOW_RECEIVER_MS} from '#crdt/protocol/limits.ts';
import type {Connection} from './connection.ts';
import type {Gate} from './gate.ts';

export interface Congestion {
  /** Asked before sending; notices when the bound is passed. */
  isCongested(): boolean;
  /** The transport says that fewer bytes are waiting. */
  drained(): void;
  /** Resolves once the socket takes more; never if the connection ends before. */
  cleared(): Promise<void>;
  /** Called each time congestion is over. */
  onCleared(run: () => void): void;
}

/** What is left to send when sending goes on: less than where it stopped, so that it does not stutter. */
const RESUME_BYTES = BUFFERED_BYTES_PAUSE / 4;

export function createCongestion(connection: Connection, gate: Gate): Congestion {
  const {socket} = connection;
  const listeners: (() => void)[] = [];
  let waiting: (() => void)[] = [];
  let isCongested = false;
  let stopWatch: () => void = () => undefined;

  const watch = (before: number): void => {
    stopWatch = connection.after(SLOW_RECEIVER_MS, () => {
      const left = socket.bufferedBytes();
      // Slow is not stuck: whoever took something gets the same time again.
      if (left < before) watch(left);
      else connection.end('slow_receiver');
    });
  };
  const clear = (): void => {
    isCongested = false;
    stopWatch();
    gate.release('congestion');
    const resolvers = waiting;
    waiting = [];
    for (const resolve of resolvers) resolve();
    for (const run of listeners) run();
  };
  const look = (): boolean => {
    const left = connection.isEnded() ? 0 : socket.bufferedBytes();
    if (!isCongested && left > BUFFERED_BYTES_PAUSE) {
      isCongested = true;
      gate.hold('congestion');
      watch(left);
    } else if (isCongested && left <= RESUME_BYTES && !connection.isEnded()) {
      clear();
    }
    return isCongested;
  };
  return {
    isCongested: look,
    drained: () => void look(),
    cleared: () => (look() ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    onCleared: (run) => void listeners.push(run),
  };
}
