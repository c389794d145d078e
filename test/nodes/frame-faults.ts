// A wire that delivers frames twice, late, or not at all. What the devices' protocol is to bear: a link that is lost with
// frames on it, a frame that overtakes another, and feed frames that never come.
import {decodeDeviceFrame, decodeServerFrame} from '#crdt/protocol/frame.ts';
import type {Socket} from '#server/live/socket.ts';
import type {Random} from '../support/random.ts';
import type {Wire} from '../support/live-world.ts';

export interface FaultTally {
  doubled: number;
  delayed: number;
  dropped: number;
}

/** Frames are hurt only while it is on. */
export interface FrameFaults {
  isOn: boolean;
  random: Random;
  readonly tally: FaultTally;
  readonly wire: Wire;
}

/** One frame in this many. */
const EVERY = 12;
/** Turns of the event loop that a late frame waits at most; until then the next one overtakes it. */
const LATE_TURNS = 8;

export function createFrameFaults(random: Random): FrameFaults {
  const faults: FrameFaults = {
    isOn: false,
    random,
    tally: {doubled: 0, delayed: 0, dropped: 0},
    wire(socket, open) {
      const cut = (): void => socket.close(1001, 'lost');
      const outward = oneWay(faults, {
        isFragile: isFeedFrame,
        deliver: (bytes) => socket.send(bytes),
        cut: null,
      });
      const wrapped: Socket = {
        send: (bytes) => outward(bytes),
        bufferedBytes: () => socket.bufferedBytes(),
        pause: (paused) => socket.pause(paused),
        close: (code, reason) => socket.close(code, reason),
        ping: () => socket.ping(),
      };
      const events = open(wrapped);
      const inward = oneWay(faults, {isFragile: isUpdateFrame, deliver: (bytes) => events.frame(bytes), cut});
      return {
        frame: (bytes) => inward(bytes),
        text: () => events.text(),
        pong: () => events.pong(),
        drained: () => events.drained(),
        closed: (code) => events.closed(code),
      };
    },
  };
  return faults;
}

interface Way {
  readonly isFragile: (bytes: Uint8Array) => boolean;
  readonly deliver: (bytes: Uint8Array) => void;
  /** Ends the connection with the frame that is lost; null: it goes on, and the receiver has to notice. */
  readonly cut: (() => void) | null;
}

function oneWay(faults: FrameFaults, {isFragile, deliver, cut}: Way): (bytes: Uint8Array) => void {
  let late: Uint8Array | null = null;
  const release = (): void => {
    const bytes = late;
    late = null;
    if (bytes !== null) deliver(bytes);
  };
  return (bytes) => {
    const {random, tally} = faults;
    if (!faults.isOn || random.integer(EVERY) > 0 || !isFragile(bytes)) {
      deliver(bytes);
      release();
      return;
    }
    switch (random.integer(3)) {
      case 0:
        tally.doubled++;
        deliver(bytes);
        // A session may write into neither, but it owns what it is given.
        deliver(bytes.slice());
        release();
        break;
      case 1:
        tally.delayed++;
        release();
        late = bytes;
        afterTurns(LATE_TURNS, release);
        break;
      default:
        tally.dropped++;
        cut?.();
    }
  };
}

function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run();
  else setImmediate(() => afterTurns(turns - 1, run));
}

function isFeedFrame(bytes: Uint8Array): boolean {
  const decoded = decodeServerFrame(bytes.slice());
  return decoded.ok && (decoded.frame.kind === 'changes' || decoded.frame.kind === 'removed');
}

function isUpdateFrame(bytes: Uint8Array): boolean {
  const decoded = decodeDeviceFrame(bytes.slice());
  return decoded.ok && decoded.frame.kind === 'update';
}
