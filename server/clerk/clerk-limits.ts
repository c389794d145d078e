// The bounds of what is asked of Clerk by name. What happens at each is said where it is used.

/** Longest wait for one answer, ms. */
export const CLERK_TIMEOUT_MS = 4_000;
/** Requests under way at once, those no longer waited for included. Past it no other is begun. */
export const CLERK_REQUESTS_MAX = 32;
/** How long nothing is looked up after a look-up that failed, ms, unless Clerk names a longer time. */
export const LOOKUP_PAUSE_MS = 5_000;
/** How long a profile is kept, ms, and how many. Past it the one looked up longest ago is looked up again. */
export const PROFILE_KEPT_MS = 5 * 60_000;
export const PROFILES_CACHED_MAX = 20_000;
