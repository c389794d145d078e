// Writes a group that was decided on the cache, in as few round trips as it takes.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {writeGroup, type GroupCommitted, type GroupTerms} from '#db/group-commit.ts';
import type {ScopeSeeds} from '#db/scope.ts';
import {withTenantAtOnce, withTenantPlanned} from '#db/transaction.ts';
import {commitAccess, type CommittedAccess} from './access-events.ts';
import type {EncodedGroup} from './encode-group.ts';

/**
 * Writes the group and commits, if its terms still hold; counter is null where they do not. Who sees what is worked out on
 * the rows as written, so that a group which moves scope takes more than the one statement.
 */
export async function writeDecided(
  pool: pg.Pool,
  terms: GroupTerms,
  {seeds, encoded}: {seeds: ScopeSeeds | null; encoded: EncodedGroup},
): Promise<{counter: GroupCommitted | null; changed: CommittedAccess | null}> {
  const {tenantId} = terms;
  if (seeds === null) {
    const counter = await withTenantAtOnce(pool, tenantId, (client) =>
      writeGroup(client, terms, encoded.write),
    );
    return {counter, changed: null};
  }
  return withTenantPlanned(pool, tenantId, async (client) => {
    const counter = await writeGroup(client, terms, encoded.write);
    const changed = counter === null ? null : await followScope(client, tenantId, {seeds, encoded, counter});
    return {counter, changed};
  });
}

/** What the rows of the group, as just written, change in who sees what; null where `seeds` is. */
export function followScope(
  client: pg.PoolClient,
  tenantId: TenantId,
  {seeds, encoded, counter}: {seeds: ScopeSeeds | null; encoded: EncodedGroup; counter: GroupCommitted},
): Promise<CommittedAccess | null> {
  if (seeds === null) return Promise.resolve(null);
  return commitAccess(client, tenantId, {seeds, after: counter.base + encoded.write.audit.length});
}
