// Closes a connection whose token was not renewed in time, or whose sign-in the issuer ended.
import {TOKEN_GRACE_MS} from '#crdt/protocol/limits.ts';
import type {RevokedTokens} from '../sync/revoked-tokens.ts';
import type {Connection} from './connection.ts';
import type {Identity} from './identify.ts';

/** What the connection goes on with. */
type Token = Pick<Identity, 'signIn' | 'expiresAtMs'>;

export interface TokenWatch {
  renew(token: Token): void;
}

export function startTokenWatch(
  connection: Connection,
  token: Token,
  {revokedTokens, now}: {revokedTokens: Pick<RevokedTokens, 'watch'>; now: () => number},
): TokenWatch {
  const arm = ({signIn, expiresAtMs}: Token): (() => void) => {
    const unwatch = revokedTokens.watch(signIn, () => connection.end('session_revoked'));
    const cancel = connection.after(expiresAtMs + TOKEN_GRACE_MS - now(), () =>
      connection.end('token_expired'),
    );
    return () => {
      unwatch();
      cancel();
    };
  };
  let disarm = arm(token);
  connection.onEnd(() => disarm());
  return {
    renew(renewed) {
      disarm();
      disarm = arm(renewed);
    },
  };
}
