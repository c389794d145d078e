// Claims whose tokens are refused although their signature is good. They belong to no tenant.
import type pg from 'pg';

export interface RevokedClaim {
  /** `sid`: one session of a user; `sub`: all that the user has. */
  readonly claim: 'sid' | 'sub';
  readonly value: string;
}

export interface RevokedClaimRow extends RevokedClaim {
  readonly id: number;
  readonly revokedAt: Date;
}

/**
 * Waits for whoever else is adding one, so that a row whose id is higher is never committed first: readers continue
 * after the highest they have seen. One that is there already stays as it is.
 */
export async function insertRevokedClaim(client: pg.ClientBase, {claim, value}: RevokedClaim): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('revoked_tokens', 0))`);
  await client.query(
    `INSERT INTO revoked_tokens (claim, value, revoked_at) VALUES ($1, $2, clock_timestamp())
     ON CONFLICT (claim, value) DO NOTHING`,
    [claim, value],
  );
}

/** In the order of commits. */
export async function listRevokedClaims(
  pool: pg.Pool,
  {after, limit}: {after: number; limit: number},
): Promise<RevokedClaimRow[]> {
  const {rows} = await pool.query<RevokedClaimRow>(
    `SELECT id, claim, value, revoked_at AS "revokedAt" FROM revoked_tokens WHERE id > $1 ORDER BY id LIMIT $2`,
    [after, limit],
  );
  return rows;
}

/** Forgets those older than `hours`; how many there were. */
export async function forgetRevokedClaims(pool: pg.Pool, hours: number): Promise<number> {
  const result = await pool.query(
    `DELETE FROM revoked_tokens WHERE revoked_at < now() - make_interval(hours => $1)`,
    [hours],
  );
  return result.rowCount ?? 0;
}
