// Every refusal of the REST edge: RFC 9457 problem+json from the error catalogue. Details of our own faults stay
// in the log; the caller gets the request id to name them by.
import {errorCodes, SyncError, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {faultOf} from '../sync/database-fault.ts';

const RETRY_SECONDS = 1;

/** What was thrown, as one of ours: a database that is away is `not_ready`, anything unknown `internal`. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const fault = faultOf(error);
  return new SyncError(fault === 'away' || fault === 'race' ? 'not_ready' : 'internal', {cause: error});
}

/** Members that an answer has anyway; details may not replace them. */
const ownMembers: readonly string[] = ['type', 'title', 'status', 'detail', 'code', 'requestId'];

/** `retryAfterMs` among the details becomes the header. */
export function problemResponse(error: SyncError, requestId: string): Response {
  const {code, message} = error;
  const {status, cause, cure, retryable} = errorCodes[code];
  const {retryAfterMs, ...details} = error.details;
  // What went wrong inside is nobody's business outside.
  const isSpecific = message !== cause && code !== 'internal';
  const body = {
    type: 'about:blank',
    title: cause,
    status,
    detail: isSpecific ? `${message} ${cure}` : cure,
    code,
    requestId,
    ...Object.fromEntries(Object.entries(details).filter(([name]) => !ownMembers.includes(name))),
  };
  const headers = new Headers({'content-type': 'application/problem+json'});
  if (status === 401) headers.set('www-authenticate', 'Bearer');
  if (retryable && (status === 429 || status === 503)) {
    const seconds = typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1_000) : RETRY_SECONDS;
    headers.set('retry-after', String(Math.max(1, seconds)));
  }
  return new Response(JSON.stringify(body), {status, headers});
}

/** A `bad_request` that names the members at fault. */
export const badRequest = (fields: Readonly<Record<string, string>>): SyncError =>
  new SyncError('bad_request', {details: {fields}});

export const logLevelOf = (code: ErrorCode) => errorCodes[code].log;
