// Closes a connection whose token was not renewed in time.
import {TOKEN_GRACE_MS} from '#crdt/protocol/limits.ts';
import type {Connection} from './connection.ts';

export interface TokenWatch {
  /** expiresAtMs: of the token now in force, ms since epoch. */
  renew(expiresAtMs: number): void;
}

export function startTokenWatch(
  connection: Connection,
  {expiresAtMs, now}: {expiresAtMs: number; now: () => number},
): TokenWatch {
  const arm = (until: number): (() => void) =>
    connection.after(until + TOKEN_GRACE_MS - now(), () => connection.end('token_expired'));
  let disarm = arm(expiresAtMs);
  return {
    renew(until) {
      disarm();
      disarm = arm(until);
    },
  };
}
