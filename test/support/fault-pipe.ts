// One direction of a connection through a fault proxy: hands bytes on in order, as late and as slowly as it is told.
import type {Socket} from 'node:net';

export interface Pace {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

export interface Pipe {
  /** onSent: called once the bytes were handed to the operating system. */
  write(bytes: Uint8Array, onSent?: () => void): void;
  /** Closes the sink in order, behind what is under way. */
  end(): void;
}

/** Past it the sender is not read from, as on a real line. */
const QUEUED_BYTES_MAX = 64 * 1024;
/** A slow line delivers pieces of so many milliseconds. */
const PIECE_MS = 20;

interface Piece {
  /** Empty: the end. */
  readonly bytes: Uint8Array;
  /** performance.now() */
  readonly dueAt: number;
  readonly onSent: (() => void) | undefined;
}

/** pace: read anew for each write, so that it may change on the way. */
export function createPipe(source: Socket, sink: Socket, pace: Pace): Pipe {
  const queue: Piece[] = [];
  let queuedBytes = 0;
  let freeAt = 0;
  let timer: NodeJS.Timeout | null = null;

  const send = ({bytes, onSent}: Omit<Piece, 'dueAt'>): void => {
    if (sink.destroyed) return;
    if (bytes.length === 0) {
      sink.end();
      return;
    }
    const isTaken = sink.write(bytes, () => onSent?.());
    if (!isTaken) {
      source.pause();
      sink.once('drain', () => source.resume());
    }
  };
  const deliver = (): void => {
    timer = null;
    for (let [piece] = queue; piece !== undefined && piece.dueAt <= performance.now(); [piece] = queue) {
      queue.shift();
      queuedBytes -= piece.bytes.length;
      send(piece);
    }
    if (queuedBytes <= QUEUED_BYTES_MAX) source.resume();
    plan();
  };
  const plan = (): void => {
    const [next] = queue;
    if (next !== undefined && !sink.destroyed)
      timer ??= setTimeout(deliver, Math.max(0, next.dueAt - performance.now()));
  };
  return {
    write(bytes, onSent) {
      const {latencyMs, bytesPerSecond} = pace;
      if (queue.length === 0 && latencyMs === 0 && bytesPerSecond === Infinity) {
        send({bytes, onSent});
        return;
      }
      const size = Math.max(1, Math.floor(Math.min(bytes.length, (bytesPerSecond * PIECE_MS) / 1_000)));
      for (let from = 0; from < bytes.length; from += size) {
        const piece = bytes.subarray(from, from + size);
        freeAt = Math.max(freeAt, performance.now()) + (piece.length / bytesPerSecond) * 1_000;
        const isLast = from + size >= bytes.length;
        queue.push({bytes: piece, dueAt: freeAt + latencyMs, onSent: isLast ? onSent : undefined});
        queuedBytes += piece.length;
      }
      if (queuedBytes > QUEUED_BYTES_MAX) source.pause();
      plan();
    },
    end() {
      if (queue.length === 0) sink.end();
      else queue.push({bytes: new Uint8Array(), dueAt: freeAt + pace.latencyMs, onSent: undefined});
    },
  };
}
