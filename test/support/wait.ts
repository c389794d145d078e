// How long tests wait for a condition.
/** For vi.waitUntil and vi.waitFor. Long enough for a busy machine: a condition that comes ends the wait at once. */
export const WAIT = {timeout: 60_000, interval: 10};
