// Tokens that are refused although they verify, because the issuer ended the sign-in behind them. Tokens live for about
// a minute and their verification is cached, so each node keeps the whole list in memory and asks the database for
// what is new: the table is the truth, and whoever says that there is something new only shortens the wait.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {listRevokedClaims, type RevokedClaim} from '#db/revoked-tokens.ts';

/** Hours a claim stays refused. Tokens that live longer than this would be accepted again. */
export const REVOKED_TOKEN_HOURS = 24;
/** Claims a node remembers. Past it the one revoked longest ago is forgotten. */
const REVOKED_CLAIMS_MAX = 200_000;
const PAGE = 5_000;

/** What a verified token says of the sign-in that it stands for. */
export interface SignIn {
  readonly subject: string;
  readonly sessionId?: string | undefined;
}

export interface RevokedTokens {
  /** Throws SyncError `session_revoked`. */
  assertGood(signIn: SignIn): void;
  /**
   * `end` is called once, as soon as this node hears that the sign-in was ended; at once if it knows already. Answers
   * a function that stops it.
   */
  watch(signIn: SignIn, end: () => void): () => void;
  /** Asks for what is new. Call it often: no node hears of anything earlier than by this. */
  refresh(): Promise<void>;
}

const nameOf = ({claim, value}: RevokedClaim): string => `${claim} ${value}`;

function namesOf({subject, sessionId}: SignIn): string[] {
  const names = [nameOf({claim: 'sub', value: subject})];
  if (sessionId !== undefined) names.push(nameOf({claim: 'sid', value: sessionId}));
  return names;
}

/** Knows nothing before its first refresh. now: ms since epoch. */
export function createRevokedTokens({pool, now}: {pool: pg.Pool; now: () => number}): RevokedTokens {
  /** By name, the time it may be forgotten at, ms; the earliest revoked first. */
  const revoked = new Map<string, number>();
  const watchers = new Map<string, Set<() => void>>();
  let lastId = 0;
  let refreshing: Promise<void> | null = null;
  /** Asked for while a refresh was under way, which may have read before what is new was there. */
  let next: Promise<void> | null = null;

  const isRevoked = (signIn: SignIn): boolean => namesOf(signIn).some((name) => revoked.has(name));

  const forgetOld = (): void => {
    for (const [name, untilMs] of revoked) {
      if (untilMs > now() && revoked.size <= REVOKED_CLAIMS_MAX) return;
      revoked.delete(name);
    }
  };

  const read = async (): Promise<void> => {
    for (;;) {
      const rows = await listRevokedClaims(pool, {after: lastId, limit: PAGE});
      for (const row of rows) {
        const name = nameOf(row);
        revoked.set(name, row.revokedAt.getTime() + REVOKED_TOKEN_HOURS * 3_600_000);
        lastId = row.id;
        for (const end of [...(watchers.get(name) ?? [])]) end();
      }
      forgetOld();
      if (rows.length < PAGE) return;
    }
  };

  const start = (): Promise<void> => {
    refreshing = read().finally(() => (refreshing = null));
    return refreshing;
  };

  return {
    assertGood(signIn) {
      if (isRevoked(signIn)) throw new SyncError('session_revoked');
    },
    watch(signIn, end) {
      if (isRevoked(signIn)) {
        end();
        return () => undefined;
      }
      const names = namesOf(signIn);
      const stop = (): void => {
        for (const name of names) {
          const ends = watchers.get(name);
          ends?.delete(once);
          if (ends?.size === 0) watchers.delete(name);
        }
      };
      const once = (): void => {
        stop();
        end();
      };
      for (const name of names) watchers.set(name, (watchers.get(name) ?? new Set()).add(once));
      return stop;
    },
    refresh() {
      if (refreshing === null) return start();
      next ??= refreshing
        .catch(() => undefined)
        .then(() => {
          next = null;
          return start();
        });
      return next;
    },
  };
}
