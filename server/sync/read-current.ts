// A record as committed, past the lane and its cache.
import type {TenantId} from '#crdt/protocol/ids.ts';
import {readRecord, type RecordKey} from '#db/records.ts';
import {withTenant} from '#db/transaction.ts';
import type {FlushDeps} from './load-group.ts';
import {openBody} from './open-record.ts';
import type {CurrentState} from './submission.ts';

/** Null if there is none. */
export async function readCurrent(
  {pool, cipherOf}: Pick<FlushDeps, 'pool' | 'cipherOf'>,
  tenantId: TenantId,
  {entity, id}: RecordKey,
): Promise<CurrentState | null> {
  const cipher = await cipherOf(tenantId);
  const stored = await withTenant(pool, tenantId, (client) => readRecord(client, tenantId, {entity, id}));
  if (stored === undefined) return null;
  return {generation: stored.generation, state: openBody(cipher, stored).state};
}
