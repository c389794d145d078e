// Lets connections in a few at a time. After a restart all of them come back at once: were they all greeted together,
// whoever edits meanwhile would wait behind thousands of look-ups for a connection to the database.
import type {Timers} from './timers.ts';

export interface Admission {
  /** Calls `work` once it is its turn; in order of arrival. Rejects with what `work` rejects with. */
  run(work: () => Promise<void>): Promise<void>;
}

/** Few enough that an edit finds a connection of the pool soon, and enough to keep the database busy. */
const AT_ONCE = 8;
/** Milliseconds after which somebody who is still being greeted no longer keeps the next one out. */
const TURN_MS_MAX = 500;

export function createAdmission(timers: Timers): Admission {
  const waiting: (() => void)[] = [];
  let turns = 0;

  const next = (): void => {
    const start = turns < AT_ONCE ? waiting.shift() : undefined;
    if (start === undefined) return;
    turns++;
    start();
  };
  const endTurn = (): void => {
    turns--;
    next();
  };

  return {
    run: (work) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          let isOver = false;
          const end = (): void => {
            if (!isOver) endTurn();
            isOver = true;
          };
          const cancel = timers.after(TURN_MS_MAX, end);
          work()
            .then(resolve, reject)
            .finally(() => {
              cancel();
              end();
            });
        });
        next();
      }),
  };
}
