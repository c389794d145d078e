// Lets connections in a few at a time. After a restart all of them come back at once: were they all greeted together,
// whoever edits meanwhile would wait behind thousands of look-ups for a connection to the database.
import type {Connection} from './connection.ts';
import type {Timers} from './timers.ts';

export interface Admission {
  /**
   * Calls `work` once it is the connection's turn, in order of arrival; not at all if the connection has ended by then.
   * Rejects with what `work` rejects with.
   */
  run(connection: Pick<Connection, 'isEnded'>, work: () => Promise<void>): Promise<void>;
}

/** Few enough that an edit finds a connection of the pool soon; enough that their look-ups share statements. */
export const ADMITTED_AT_ONCE = 64;
/** Milliseconds after which somebody who is still being greeted no longer keeps the next one out. */
const TURN_MS_MAX = 500;

export function createAdmission(timers: Timers): Admission {
  const waiting: (() => void)[] = [];
  let turns = 0;

  const next = (): void => {
    while (turns < ADMITTED_AT_ONCE) {
      const start = waiting.shift();
      if (start === undefined) return;
      start();
    }
  };
  /** Answers what ends the turn; it may be called twice. */
  const beginTurn = (): (() => void) => {
    let isOver = false;
    turns++;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      turns--;
      next();
    };
    const cancel = timers.after(TURN_MS_MAX, end);
    return end;
  };

  return {
    run: (connection, work) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          if (connection.isEnded()) {
            resolve();
            return;
          }
          const endTurn = beginTurn();
          work().then(resolve, reject).finally(endTurn);
        });
        next();
      }),
  };
}
