// Whose group is next. All lanes of a node share one thread, so a tenant that floods would keep the others waiting:
// while there are others its groups are small, and after each of them the others have their turn first. A tenant
// alone goes in full groups and never waits.

/** One lane's part in it. `begin` and `end` enclose each of its groups. */
export interface LaneTurn {
  begin(): void;
  end(): void;
  /** The group under way kept the thread for so many milliseconds, once for each attempt. */
  kept(ms: number): void;
  /** Another lane had a group a moment ago, or has one. */
  isShared(): boolean;
  /** Changes that the next group may have; no bound for a lane alone. */
  changesMax(): number;
  /** Resolves when the others have had their turn. For a lane between two groups, while it is shared. */
  rest(): Promise<void>;
}

export interface LaneTurns {
  join(): LaneTurn;
}

export interface LaneTurnsDeps {
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Resolves after so many milliseconds and what has arrived by then. */
  readonly wait: (ms: number) => Promise<unknown>;
}

/** Milliseconds after a tenant's last group for which the others go on leaving room for its next. */
const SHARED_MS = 1_000;
/**
 * A group is decided and encoded in one go, during which no other tenant's is: some five milliseconds for as many
 * changes. Fewer would each cost more, in commits.
 */
const SHARED_CHANGES_MAX = 16;
/** While others have changes too, a lane keeps the thread for one part in so many. */
const SHARE = 4;
/** Milliseconds of rest at most, and as many for whoever is still at work then: it may wait for something else. */
const REST_MS_MAX = 50;

interface Group {
  readonly ended: Promise<void>;
  readonly end: () => void;
}

export function createLaneTurns({now, wait}: LaneTurnsDeps): LaneTurns {
  let latest: {readonly lane: object | null; at: number} = {lane: null, at: -Infinity};
  /** When any lane but the latest took its turn. */
  let otherAt = -Infinity;
  /** By lane. */
  const underWay = new Map<object, Group>();

  const took = (lane: object): void => {
    if (lane !== latest.lane) {
      otherAt = latest.at;
      latest = {lane, at: 0};
    }
    latest.at = now();
  };

  return {
    join() {
      let keptMs = 0;
      const turn: LaneTurn = {
        begin() {
          took(turn);
          keptMs = 0;
          underWay.set(turn, createGroup());
        },
        end() {
          underWay.get(turn)?.end();
          underWay.delete(turn);
        },
        kept(ms) {
          keptMs += ms;
        },
        isShared: () => now() - (turn === latest.lane ? otherAt : latest.at) < SHARED_MS,
        changesMax: () => (turn.isShared() ? SHARED_CHANGES_MAX : Infinity),
        async rest() {
          await wait(Math.min(REST_MS_MAX, keptMs * (SHARE - 1)));
          // Whose group began meanwhile has waited for this lane long enough.
          const others = [...underWay.values()].map(({ended}) => ended);
          if (others.length > 0) await Promise.race([Promise.all(others), wait(REST_MS_MAX)]);
        },
      };
      return turn;
    },
  };
}

function createGroup(): Group {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {ended, end};
}
