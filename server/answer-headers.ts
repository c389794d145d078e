// Headers that every answer carries, whichever part of the server made it: the transports add them, so that none is
// forgotten. An answer that sets one itself keeps its own.

/** Name in lower case, and value. */
export type HeaderPair = readonly [string, string];

/** Seconds for which a browser comes back by https only: a year. */
const HSTS_SECONDS = 31_536_000;

const always: readonly HeaderPair[] = [
  ['x-content-type-options', 'nosniff'],
  // Nothing here is a page: whatever a browser takes for one may load nothing, be framed by nobody and send nothing.
  [
    'content-security-policy',
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  // Answers are somebody's; what may be kept says so itself.
  ['cache-control', 'no-store'],
];

/** requireTls: only what came by https may promise https, so browsers ignore the promise otherwise. */
export function answerHeaders({requireTls}: {readonly requireTls: boolean}): readonly HeaderPair[] {
  if (!requireTls) return always;
  return [...always, ['strict-transport-security', `max-age=${HSTS_SECONDS}; includeSubDomains`]];
}
