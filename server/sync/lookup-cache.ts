// Answers of lookups, kept for a short while. Callers that ask for the same thing at once share one lookup, and
// a lookup that fails is not kept. Used for users and members, which nearly every request begins with.

export interface LookupCache<Value> {
  get(key: string, load: () => Promise<Value>): Promise<Value>;
  /** Also drops every lookup under way: it may have read before what made the caller forget. */
  forget(matches: (value: Value) => boolean): void;
}

interface Entry<Value> {
  readonly promise: Promise<Value>;
  readonly untilMs: number;
  settled?: {readonly value: Value};
}

/**
 * keptMs: counted from the start of the lookup, so that no answer is older. At `max` the oldest leaves. isKept: false
 * for an answer that only those get who wait for it.
 */
export function createLookupCache<Value>({
  max,
  keptMs,
  now,
  isKept = () => true,
}: {
  max: number;
  keptMs: number;
  now: () => number;
  isKept?: (value: Value) => boolean;
}): LookupCache<Value> {
  const entries = new Map<string, Entry<Value>>();

  const start = (key: string, load: () => Promise<Value>): Promise<Value> => {
    const entry: Entry<Value> = {promise: load(), untilMs: now() + keptMs};
    // Deleted first, so that the map stays in order of age.
    entries.delete(key);
    entries.set(key, entry);
    const drop = (): void => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.promise.then((value) => {
      if (isKept(value)) entry.settled = {value};
      else drop();
    }, drop);
    const oldest = entries.keys().next();
    if (entries.size > max && !oldest.done) entries.delete(oldest.value);
    return entry.promise;
  };

  return {
    get(key, load) {
      const entry = entries.get(key);
      return entry !== undefined && now() < entry.untilMs ? entry.promise : start(key, load);
    },
    forget(matches) {
      for (const [key, {settled}] of entries)
        if (settled === undefined || matches(settled.value)) entries.delete(key);
    },
  };
}
