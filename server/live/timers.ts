// Time as the sessions see it, so that tests can drive it.

export interface Timers {
  /** Runs once after `ms` milliseconds; the function it answers cancels that. */
  after(ms: number, run: () => void): () => void;
}

/** Longest delay of setTimeout; a longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const realTimers: Timers = {
  after(ms, run) {
    const arm = (left: number): NodeJS.Timeout =>
      left <= DELAY_MS_MAX
        ? setTimeout(run, left)
        : setTimeout(() => {
            timer = arm(left - DELAY_MS_MAX);
          }, DELAY_MS_MAX);
    let timer = arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
