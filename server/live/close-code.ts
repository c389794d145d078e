// How a connection ends when something is wrong: 4400-4499 final, 4500-4599 try again. The reason is the code's
// name in the catalogue of errors.
import {errorCodes, SyncError, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {faultOf} from '../sync/database-fault.ts';

/** Close code of a server that restarts (RFC 6455 registry). */
export const RESTART = 1012;

export const closeCodeOf = (code: ErrorCode): number => errorCodes[code].close ?? CLOSE_DEFAULT;

const CLOSE_DEFAULT = 4422;

/** What a thrown error means for the connection it was thrown for. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof SyncError) return error.code;
  const fault = faultOf(error);
  return fault === 'away' || fault === 'race' ? 'not_ready' : 'internal';
}
