// Stops reading from a socket while there is any reason to, so that a flood waits at its sender.
import type {Socket} from './socket.ts';

export type HoldReason = 'greeting' | 'inflight' | 'congestion' | 'drain' | 'pace';

export interface Gate {
  hold(reason: HoldReason): void;
  release(reason: HoldReason): void;
  isHeld(): boolean;
}

export function createGate(socket: Pick<Socket, 'pause'>): Gate {
  const reasons = new Set<HoldReason>();
  return {
    hold(reason) {
      if (reasons.size === 0) socket.pause(true);
      reasons.add(reason);
    },
    release(reason) {
      if (reasons.delete(reason) && reasons.size === 0) socket.pause(false);
    },
    isHeld: () => reasons.size > 0,
  };
}
