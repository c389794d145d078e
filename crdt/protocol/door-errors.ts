// Codes of the door: how and from where a request comes, whether its token holds, and whether there is a place. Part of the
// catalogue in error-code.ts.
import {entry, type ErrorCodeEntry} from './error-entry.ts';

export const doorErrors = {
  origin_refused: entry({
    status: 403,
    retryable: false,
    log: 'info',
    cause: 'Pages of this origin may not call this server.',
    cure: 'Have its operator add the origin to `ALLOWED_ORIGINS`.',
  }),
  tls_required: entry({
    status: 403,
    retryable: false,
    log: 'warn',
    cause: 'The request came by plain http.',
    cure: 'Use https or wss, and replace the token: it travelled in the clear.',
  }),
  unauthenticated: entry({
    status: 401,
    close: 4501,
    retryable: true,
    log: 'debug',
    cause: 'No valid token was sent.',
    cure: 'Send a fresh session token.',
  }),
  token_expired: entry({
    status: 401,
    close: 4502,
    retryable: true,
    log: 'debug',
    cause: 'The token has expired.',
    cure: 'Fetch a new session token and try again.',
  }),
  session_pending: entry({
    status: 401,
    close: 4401,
    retryable: false,
    log: 'info',
    cause: 'The session is still pending.',
    cure: 'Finish signing in.',
  }),
  too_many_sockets: entry({
    status: 429,
    close: 4529,
    retryable: true,
    log: 'warn',
    cause: 'The user, or the tenant, has as many sockets open here as it may.',
    cure: 'Close those that are not needed. One that was lost counts for up to a minute: try again after that.',
  }),
} as const satisfies Record<string, ErrorCodeEntry>;
