// Takes the token out of an Authorization header. Called by every REST request before anything else is read.
import {TOKEN_LENGTH_MAX} from './auth-limits.ts';

const SCHEME_LENGTH = 'Bearer '.length;
/** RFC 6750 credentials: one space, then token68. Two headers arrive joined by a comma, which is not in the set. */
const pattern = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The token of `Bearer <token>`, or undefined if the header is absent, of another scheme, malformed or
 * longer than any token may be. The token itself is not looked at.
 */
export function parseBearer(header: string | undefined): string | undefined {
  if (header === undefined || header.length > SCHEME_LENGTH + TOKEN_LENGTH_MAX) return undefined;
  return pattern.exec(header)?.[1];
}
