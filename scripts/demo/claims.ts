// What the demo claims must hold: a claim that does not ends it with exit code 1 and says which.

/** A claim of the demo that turned out not to be true. */
export class ClaimFailed extends Error {}

export function claim(what: string, holds: boolean, found?: unknown): asserts holds {
  if (holds) return;
  const detail = found === undefined ? '' : `\n  found: ${JSON.stringify(found)}`;
  throw new ClaimFailed(`${what}${detail}`);
}

export const sameJson = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** Members in order of name. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const WAIT_MS_MAX = 15_000;
const LOOK_AGAIN_MS = 20;

/** Looks again and again until `holds`; a claim that never does fails. Answers what was read last. */
export async function eventually<T>(
  what: string,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (const started = Date.now(); ;) {
    const value = await read();
    if (holds(value)) return value;
    claim(`${what} (waited ${WAIT_MS_MAX / 1_000} s)`, Date.now() - started < WAIT_MS_MAX, value);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
