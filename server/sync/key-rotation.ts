// Brings the keys of all tenants under the current master key, one small transaction per tenant, while servers serve.
// server/operator/prove.ts runs it. What is done is told by the rows themselves, so that it may be stopped
// anywhere and run again.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {Keyring} from '#db/cipher.ts';
import {listKeysToMove, moveTenantKey, type KeyToMove} from '#db/key-rotation.ts';
import {withTenant} from '#db/transaction.ts';

/** Holds no secret: a master key's id tells nothing of the key. */
export type RotationStep =
  | ({readonly kind: 'rotated'} & KeyToMove)
  /** Stays as it is: its master key is not among those given, or the row was altered. */
  | ({readonly kind: 'failed'; readonly reason: string} & KeyToMove);

export interface RotationReport {
  /** All keys but the failed ones are under it now. */
  readonly masterKeyId: string;
  readonly rotated: number;
  readonly failed: number;
  /** Ids of the master keys that failed keys are still under. */
  readonly neededMasterKeyIds: readonly string[];
}

const PAGE = 200;

/** A key that cannot be opened is reported and passed over. Throws if the database fails; then run it again. */
export async function rotateKeys({
  pool,
  keyring,
  onStep,
}: {
  pool: pg.Pool;
  keyring: Keyring;
  onStep: (step: RotationStep) => void;
}): Promise<RotationReport> {
  const failed = new Map<TenantId, string>();
  let rotated = 0;

  const rotate = async (key: KeyToMove): Promise<void> => {
    const {tenantId} = key;
    try {
      if (!(await withTenant(pool, tenantId, (client) => moveTenantKey(client, tenantId, keyring)))) return;
      rotated++;
      onStep({kind: 'rotated', ...key});
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      failed.set(tenantId, key.masterKeyId);
      onStep({kind: 'failed', ...key, reason: error.message});
    }
  };

  // A server that still wraps with an old key may make a tenant behind the place that was reached. So it goes through
  // the list until there is nothing new in it.
  for (let isDone = false; !isDone;) {
    isDone = true;
    let after: TenantId | '' = '';
    for (let hasMore = true; hasMore;) {
      const page: KeyToMove[] = await listKeysToMove(pool, {
        currentId: keyring.currentId,
        after,
        limit: PAGE,
      });
      for (const key of page.filter(({tenantId}) => !failed.has(tenantId))) {
        await rotate(key);
        isDone = false;
      }
      after = page.at(-1)?.tenantId ?? '';
      hasMore = page.length === PAGE;
    }
  }
  const neededMasterKeyIds = [...new Set(failed.values())].sort();
  return {masterKeyId: keyring.currentId, rotated, failed: failed.size, neededMasterKeyIds};
}
