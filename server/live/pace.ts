// Reads no faster from a device than it may send: past its rate its socket is paused for a moment, and the flood
// waits at its sender. All sockets of a device, a user and a tenant share a bucket each.
import type {Connection} from './connection.ts';
import type {FrameRates, FrameSender} from './frame-rates.ts';
import type {Gate} from './gate.ts';
import {PACE_PAUSE_MS} from './live-limits.ts';

export interface Pace {
  /** A frame came. It is taken in any case: what is held back is what follows. */
  heard(): void;
}

export function createPace(
  connection: Connection,
  {gate, frames, member}: {gate: Gate; frames: FrameRates; member: FrameSender},
): Pace {
  let isPaused = false;
  return {
    heard() {
      const {isTaken, waitMs} = frames.take(member);
      if (isTaken || isPaused) return;
      isPaused = true;
      gate.hold('pace');
      connection.after(Math.max(waitMs, PACE_PAUSE_MS), () => {
        isPaused = false;
        gate.release('pace');
      });
    },
  };
}
