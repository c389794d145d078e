// Time that passes when a test says so.
import type {Timers} from '#server/live/timers.ts';

export interface ManualTimers extends Timers {
  /** ms since epoch: the wall clock at the start plus what has passed. */
  readonly now: () => number;
  /** Lets time pass; what falls due runs in order, at its time. */
  pass(ms: number): void;
}

export function createManualTimers(): ManualTimers {
  const began = Date.now();
  let passed = 0;
  const due = new Set<{at: number; run: () => void}>();
  return {
    now: () => began + passed,
    after(ms, run) {
      const timer = {at: passed + Math.max(0, ms), run};
      due.add(timer);
      return () => void due.delete(timer);
    },
    pass(ms) {
      const end = passed + ms;
      for (;;) {
        const [next] = [...due].filter(({at}) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        passed = next.at;
        next.run();
      }
      passed = end;
    },
  };
}
