// Token buckets by key: each holds `burst` tokens and gets `perSecond` back, evenly. One number per key, the time
// at which its bucket is full again (the generic cell rate algorithm). In memory, so each node counts for itself.

export interface Rate {
  readonly perSecond: number;
  /** Tokens of a full bucket; 1 or more. */
  readonly burst: number;
}

export interface Taken {
  /** False: there was no token, and none was taken. */
  readonly isTaken: boolean;
  /** Whole tokens left. */
  readonly left: number;
  /** ms until there is a token; 0 if there is one. */
  readonly waitMs: number;
  /** ms until the bucket is full. */
  readonly fullInMs: number;
}

export interface TokenBuckets {
  take(key: string): Taken;
  /** Keys remembered now. */
  size(): number;
}

/**
 * now: ms since epoch. Keeps at most `keysMax` buckets; the one used longest ago goes first and is full when it
 * comes back.
 */
export function createTokenBuckets(
  {perSecond, burst}: Rate,
  {now, keysMax}: {now: () => number; keysMax: number},
): TokenBuckets {
  const costMs = 1_000 / perSecond;
  const emptyMs = burst * costMs;
  /** Least recently used first. */
  const fullAtByKey = new Map<string, number>();

  const save = (key: string, fullAt: number): void => {
    fullAtByKey.delete(key);
    fullAtByKey.set(key, fullAt);
    const oldest = fullAtByKey.keys().next();
    if (fullAtByKey.size > keysMax && !oldest.done) fullAtByKey.delete(oldest.value);
  };
  return {
    take(key) {
      const nowMs = now();
      // Never emptier than empty: a clock set back must not lock anybody out for longer.
      const debtMs = Math.min(emptyMs, Math.max(0, (fullAtByKey.get(key) ?? 0) - nowMs));
      const isTaken = debtMs + costMs <= emptyMs + TOLERANCE_MS;
      const fullInMs = isTaken ? debtMs + costMs : debtMs;
      save(key, nowMs + fullInMs);
      return {
        isTaken,
        left: Math.max(0, Math.floor((emptyMs - fullInMs + TOLERANCE_MS) / costMs)),
        waitMs: Math.max(0, fullInMs + costMs - emptyMs),
        fullInMs,
      };
    },
    size: () => fullAtByKey.size,
  };
}

/** Sums of fractions are not exact. */
const TOLERANCE_MS = 1e-3;
