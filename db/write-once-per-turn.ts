// Statements that are sent in one turn of the event loop leave in one system call. The driver writes each message as
// it is made, and on a small machine such a write costs more than deciding an edit.
import type {Duplex} from 'node:stream';

/** Holds back what is written until the turn and its microtasks are over. Order and backpressure stay as they were. */
export function writeOncePerTurn(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...args: Parameters<Duplex['write']>) => boolean;
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    stream.uncork();
  };
  stream.write = ((...args: Parameters<Duplex['write']>): boolean => {
    if (!isHeld) {
      isHeld = true;
      stream.cork();
      process.nextTick(release);
    }
    return write(...args);
  }) as Duplex['write'];
}
