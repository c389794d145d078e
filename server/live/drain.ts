// How a connection ends when its node stops: nothing more is read from it, what it sent before is answered, and it closes.
import type {Connection} from './connection.ts';
import type {Gate} from './gate.ts';
import {DRAIN_FINISH_MS} from './live-limits.ts';

/** inbound: asked for when it is time to close; null while nobody has been greeted, who is then owed nothing. */
export function drainConnection(
  connection: Pick<Connection, 'after' | 'restart'>,
  {
    gate,
    closeInMs,
    inbound,
  }: {gate: Gate; closeInMs: number; inbound: () => {whenIdle(run: () => void): void} | null},
): void {
  const restart = (): void => connection.restart();
  connection.after(closeInMs, () => {
    gate.hold('drain');
    connection.after(DRAIN_FINISH_MS, restart);
    const owed = inbound();
    if (owed === null) restart();
    else owed.whenIdle(restart);
  });
}
