// Whether other nodes are on the database: they say so now and then. A node by itself has nobody to tell anything.

/** Milliseconds between two messages that say only that a node is there. */
export const PRESENCE_MS = 5_000;
/** A node that was silent for this long is gone. It may be hanging: when it wakes, it reads the counters. */
const SILENCE_MS_MAX = 3 * PRESENCE_MS;
/** After it begins to listen a node takes it that there are others, until they had time to answer. */
const ANSWER_MS = 1_000;

export interface BusPresence {
  /** Answers true if this node is new: it does not know of others yet. */
  heard(node: string, at: number): boolean;
  listening(at: number): void;
  /** Who may be there is not known while nothing can be heard. */
  deaf(): void;
  isAlone(at: number): boolean;
}

/** Times are of one clock, in milliseconds. */
export function createBusPresence(): BusPresence {
  const heardAt = new Map<string, number>();
  let listeningSince: number | null = null;
  const forgetSilent = (at: number): void => {
    for (const [node, last] of heardAt) if (at - last > SILENCE_MS_MAX) heardAt.delete(node);
  };
  return {
    heard(node, at) {
      const isNew = !heardAt.has(node);
      heardAt.set(node, at);
      return isNew;
    },
    listening(at) {
      listeningSince = at;
    },
    deaf() {
      listeningSince = null;
    },
    isAlone(at) {
      forgetSilent(at);
      return heardAt.size === 0 && listeningSince !== null && at - listeningSince > ANSWER_MS;
    },
  };
}
