// Files that no attachment needs any more: uploads that were announced and never completed, and what is left behind by
// whoever was stopped half way, went on uploading, or deleted. maintenance.ts calls it, on every node.
import {SERVER_DEVICE} from '#crdt/deletion.ts';
import {PENDING_UPLOAD_HOURS} from '#crdt/protocol/limits.ts';
import {findAwaited, findNamed, listStaleUploads, type StaleUpload} from '#db/attachments.ts';
import {withTenant} from '#db/transaction.ts';
import {nameOfKey, type FileKey, type Place} from '../files/file-store.ts';
import {writeAsServer} from './server-write.ts';
import type {Service} from './service.ts';

export type SweepDeps = Pick<Service, 'pool' | 'lanes' | 'files' | 'now'>;

const HOUR_MS = 60 * 60_000;
/** Asked of the database at a time. */
const BATCH = 500;

/**
 * A file younger than this, in ms, may be about to be named, and one that waits may belong to a completion that is under
 * way. Far longer than either takes, and than clocks differ.
 */
export const ORPHAN_MS_MIN = HOUR_MS;

/** Uploads nobody completed in time have failed; how many. They can be announced again under the same id. */
export async function expireUploads(deps: SweepDeps, signal?: AbortSignal): Promise<number> {
  const before = new Date(deps.now() - PENDING_UPLOAD_HOURS * HOUR_MS);
  let expired = 0;
  for (;;) {
    const stale = await listStaleUploads(deps.pool, {before, limit: BATCH});
    const expiredBefore = expired;
    const faults: unknown[] = [];
    for (const upload of stale) {
      if (signal?.aborted) return expired;
      // One that fails must not keep those after it waiting, round after round.
      await expire(deps, upload).then(
        (isExpired) => {
          if (isExpired) expired += 1;
        },
        (error: unknown) => faults.push(error),
      );
    }
    if (faults.length > 0)
      throw new AggregateError(faults, `${faults.length} uploads could not be given up.`);
    // A full batch of which none gave way would come again for ever.
    if (stale.length < BATCH || expired === expiredBefore) return expired;
  }
}

/** False: it was announced again, or completed, meanwhile. */
async function expire(deps: SweepDeps, {tenantId, id, seq, updatedBy}: StaleUpload): Promise<boolean> {
  const fields = {status: 'failed'};
  const receipt = await writeAsServer(
    deps,
    {
      tenantId,
      userId: updatedBy,
      deviceId: SERVER_DEVICE,
      precondition: {kind: 'present', seqs: [seq]},
    },
    {entity: 'attachments', id, fields, creates: false},
  );
  if (receipt.kind === 'rejected') return false;
  await deps.files.remove('waiting', {tenantId, id});
  return true;
}

export interface Swept {
  readonly removed: number;
  /** Of tenants that this database does not know, and left where they are: the bucket is somebody else's too. */
  readonly foreign: number;
}

/** Removes files that no attachment names or waits for. Lists all there are, so not to be done often. */
export async function removeOrphans(deps: SweepDeps, signal?: AbortSignal): Promise<Swept> {
  const swept = {removed: 0, foreign: 0};
  for (const place of ['waiting', 'kept'] as const) {
    for await (const keys of oldFiles(deps, place)) {
      const needed = await neededOf(deps, place, keys);
      if (needed === null) {
        swept.foreign += keys.length;
        continue;
      }
      for (const key of keys) {
        if (signal?.aborted) return swept;
        if (needed.has(nameIn(place, key))) continue;
        await deps.files.remove(place, key);
        swept.removed += 1;
      }
    }
  }
  return swept;
}

/** What waits is found by its attachment, what is kept by what the attachment says. */
const nameIn = (place: Place, key: FileKey): string => (place === 'waiting' ? key.id : nameOfKey(key));

/** In batches of one tenant each, never empty. */
async function* oldFiles({files, now}: SweepDeps, place: Place): AsyncGenerator<FileKey[]> {
  let batch: FileKey[] = [];
  for await (const {key, modifiedAt} of files.list(place)) {
    if (modifiedAt.getTime() > now() - ORPHAN_MS_MIN) continue;
    if (batch.length >= BATCH || (batch.length > 0 && batch[0]?.tenantId !== key.tenantId)) {
      yield batch;
      batch = [];
    }
    batch.push(key);
  }
  if (batch.length > 0) yield batch;
}

async function neededOf(
  {pool}: SweepDeps,
  place: Place,
  keys: readonly FileKey[],
): Promise<ReadonlySet<string> | null> {
  const tenantId = keys[0]?.tenantId;
  if (tenantId === undefined) return null;
  const names = keys.map((key) => nameIn(place, key));
  const find = place === 'waiting' ? findAwaited : findNamed;
  return withTenant(pool, tenantId, (client) => find(client, tenantId, names));
}
