// All open connections of this node: counted, and let go of when it stops.
import {DRAIN_FINISH_MS, DRAIN_SPREAD_MS, RECONNECT_SPREAD_MS} from './live-limits.ts';
import type {Timers} from './timers.ts';

export interface OpenSession {
  readonly kind: 'live' | 'yjs';
  /** Says that the node stops, and closes after a while. */
  drain(when: {closeInMs: number; reconnectAfterMs: number}): void;
  /** Closes with 1012 at once. */
  restart(): void;
}

export interface SessionCounts {
  readonly live: number;
  readonly yjs: number;
}

export interface Sessions {
  /** Answers a function to be called when the connection is gone. */
  add(session: OpenSession): () => void;
  isDraining(): boolean;
  /** Takes no more connections, and resolves when the open ones have ended. */
  drain(): Promise<void>;
  /** Closes all at once. */
  stop(): void;
  count(): SessionCounts;
}

/** random: 0 to 1, to spread endings and returns. */
export function createSessions({timers, random}: {timers: Timers; random: () => number}): Sessions {
  const sessions = new Set<OpenSession>();
  let draining: {done: Promise<void>; onEmpty: () => void} | null = null;

  const begin = (): {done: Promise<void>; onEmpty: () => void} => {
    let onEmpty = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      onEmpty = resolve;
    });
    const spreadMs = Math.min(DRAIN_SPREAD_MS, sessions.size);
    for (const session of sessions) {
      const reconnectAfterMs = Math.round(random() * RECONNECT_SPREAD_MS);
      session.drain({closeInMs: Math.round(random() * spreadMs), reconnectAfterMs});
    }
    // A peer that ignores its close frame is left to the transport.
    const cancel = timers.after(spreadMs + DRAIN_FINISH_MS * 2, onEmpty);
    if (sessions.size === 0) onEmpty();
    return {done: done.finally(cancel), onEmpty};
  };
  return {
    add(session) {
      sessions.add(session);
      return () => {
        sessions.delete(session);
        if (sessions.size === 0) draining?.onEmpty();
      };
    },
    isDraining: () => draining !== null,
    drain: () => (draining ??= begin()).done,
    stop() {
      for (const session of [...sessions]) session.restart();
    },
    count() {
      let live = 0;
      for (const {kind} of sessions) if (kind === 'live') live++;
      return {live, yjs: sessions.size - live};
    },
  };
}
