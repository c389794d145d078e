// Whether tenants have changes at the same time. All lanes of a node share one thread, so a tenant that floods would
// keep the others waiting: while there are others its groups are small, and after each it rests as long as that took.

export interface LaneTurns {
  /** A group of `lane` begins. */
  took(lane: object): void;
  /** Another lane had a group a moment ago, or has one. */
  isShared(lane: object): boolean;
}

/** Milliseconds after a tenant's last group for which the others go on leaving room for its next. */
const SHARED_MS = 1_000;

/** now: milliseconds, never going back. */
export function createLaneTurns(now: () => number): LaneTurns {
  let latest: {readonly lane: object | null; at: number} = {lane: null, at: -Infinity};
  /** When any lane but the latest took its turn. */
  let otherAt = -Infinity;
  return {
    took(lane) {
      if (lane !== latest.lane) {
        otherAt = latest.at;
        latest = {lane, at: 0};
      }
      latest.at = now();
    },
    isShared: (lane) => now() - (lane === latest.lane ? otherAt : latest.at) < SHARED_MS,
  };
}
