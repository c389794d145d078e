// Something done again and again, one round after the other.

export interface Poll {
  /** Begins a round now, or right after the one under way. */
  soon(): void;
  /** Resolves when no round is under way and none will come. */
  stop(): Promise<void>;
}

export interface PollOptions {
  /** Milliseconds from the end of a round to the next. */
  readonly everyMs: number;
  readonly round: () => Promise<void>;
  /** Told of a round that failed; the next one comes all the same. */
  readonly onFault: (error: unknown) => void;
}

export function startPoll({everyMs, round, onFault}: PollOptions): Poll {
  let running: Promise<void> | null = null;
  let isWanted = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const run = (): void => {
    clearTimeout(timer);
    isWanted = false;
    running = round()
      .catch(onFault)
      .then(() => {
        running = null;
        if (isStopped) return;
        if (isWanted) run();
        else timer = setTimeout(run, everyMs);
      });
  };
  timer = setTimeout(run, everyMs);
  return {
    soon() {
      if (isStopped) return;
      if (running === null) run();
      else isWanted = true;
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
