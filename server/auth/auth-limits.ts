// The bounds of authentication by name. What happens at each bound is said where it is used.

/** Length of one bearer token, characters. A longer one is refused unread. */
export const TOKEN_LENGTH_MAX = 8 * 1024;
/** Tolerance between the issuer's clock and ours, ms. */
export const TOKEN_SKEW_MS = 5_000;
/** Verified tokens remembered. Past it the one used longest ago is forgotten and verified again when it returns. */
export const VERIFIED_TOKENS_MAX = 20_000;
/** How long a verification is trusted without being repeated, ms, should the token live longer. */
export const VERIFIED_TOKEN_MS_MAX = 5 * 60_000;
/** Length of `sub`, `sid`, `email` and `name`, characters. */
export const CLAIM_LENGTH_MAX = 320;

/** Age at which fetched signing keys are fetched again, ms. */
export const SIGNING_KEYS_FRESH_MS = 5 * 60_000;
/** Age up to which they still serve while fetching fails, ms. */
export const SIGNING_KEYS_STALE_MS_MAX = 60 * 60_000;
/** Least time between two fetches of signing keys, ms, whatever key ids tokens claim. */
export const SIGNING_KEYS_INTERVAL_MS = 10_000;
/** Longest wait for one fetch of signing keys, ms. */
export const SIGNING_KEYS_TIMEOUT_MS = 4_000;
/** Keys taken from one answer. */
export const SIGNING_KEYS_MAX = 32;

/** Failed authentications an address may make at once, and the time in which that many are forgiven, ms. */
export const AUTH_FAILURES_MAX = 60;
export const AUTH_FAILURES_WINDOW_MS = 60_000;
/** Addresses with failures remembered. Past it the one that failed longest ago is forgotten. */
export const AUTH_FAILURE_ADDRESSES_MAX = 20_000;
