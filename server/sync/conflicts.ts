// Overwrites for review: a manager lists them, and lets each stand or takes it back.
import type {ConflictsQuery, ConflictsResponse, Conflict, ResolveRequest} from '#crdt/protocol/conflicts.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {
  conflictPlace,
  findConflict,
  listConflicts as listRows,
  saveResolution,
  type ConflictPosition,
  type ConflictRow,
} from '#db/conflicts.ts';
import {withTenant} from '#db/transaction.ts';
import {conflictJson, openEntries} from './conflict-json.ts';
import {requireManager, requireManagerInside} from './require-manager.ts';
import {planRestore, submitRestore} from './restore.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';
import {readSince} from './since.ts';

type ConflictDeps = Pick<Service, 'pool' | 'tenantKeys' | 'cursors' | 'feed' | 'lanes' | 'fanOut' | 'now'>;

/**
 * In the order in which they arose. A cursor of this list also names the last conflict, since one change may have
 * caused several. Throws SyncError `forbidden` for employees, `bad_cursor`, `resync`.
 */
export async function listConflicts(
  deps: ConflictDeps,
  member: Member,
  {since, status, limit}: ConflictsQuery,
): Promise<ConflictsResponse> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const after = await readPosition(deps, member, since);
  const rows = await withTenant(deps.pool, tenantId, (client) =>
    listRows(client, tenantId, {after, status, limit: limit + 1}),
  );
  const page = rows.slice(0, limit);
  return {
    items: page.map((row) => conflictJson(cipher, row)),
    nextCursor: writePosition(deps, member, page.at(-1) ?? after),
    hasMore: rows.length > limit,
  };
}

const SEPARATOR = '~';

async function readPosition(
  deps: ConflictDeps,
  member: Member,
  since: string | undefined,
): Promise<ConflictPosition> {
  const [cursor, id] = since?.split(SEPARATOR, 2) ?? [];
  if (id !== undefined && !isUuid(id)) throw new SyncError('bad_cursor');
  return {seq: await readSince(deps, member, cursor), id: id ?? null};
}

const writePosition = ({cursors}: ConflictDeps, member: Member, {seq, id}: ConflictPosition): string =>
  cursors.write(member, seq) + (id === null ? '' : SEPARATOR + id);

/**
 * `keep` lets the winner stand. `restore` gives the loser's values back, or those of `fields` to the keys it names,
 * by an ordinary change of the manager's device on the current state. Throws SyncError `forbidden`, `not_found`,
 * `already_resolved` (with the conflict as `current`), `frozen` if the record's state forbids it, and
 * `bad_request` or `invalid_value` for `fields` that the conflict is not about or that break a schema.
 */
export async function resolveConflict(
  deps: ConflictDeps,
  member: Member,
  {id, request}: {id: string; request: ResolveRequest},
): Promise<Conflict> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const row = await withTenant(deps.pool, tenantId, (client) =>
    findConflict(client, tenantId, {id, lock: false}),
  );
  if (row === undefined) throw new SyncError('not_found');
  if (row.status !== 'open') throw alreadyResolved(cipher, row);
  if (request.resolution === 'keep' && request.fields !== undefined)
    throw new SyncError('bad_request', {details: {fields: {fields: 'goes with `restore` only'}}});
  // The values first: should the server die in between, the conflict is still open, and the same request
  // repeated finds its change made.
  const hasWritten =
    request.resolution === 'restore' &&
    (await submitRestore(deps, member, planRestore(row, openEntries(cipher, row), request.fields)));
  return settle(deps, member, {cipher, id, request, hasWritten});
}

const alreadyResolved = (cipher: TenantCipher, row: ConflictRow): SyncError =>
  new SyncError('already_resolved', {details: {current: conflictJson(cipher, row)}});

/** hasWritten: values were restored a moment ago, which is then the truth whoever else resolved it meanwhile. */
async function settle(
  deps: ConflictDeps,
  member: Member,
  {
    cipher,
    id,
    request,
    hasWritten,
  }: {cipher: TenantCipher; id: string; request: ResolveRequest; hasWritten: boolean},
): Promise<Conflict> {
  const {tenantId, userId, deviceId} = member;
  const {resolution, note} = request;
  const status = resolution === 'keep' ? 'kept' : 'restored';
  const saved = await withTenant(deps.pool, tenantId, async (client) => {
    await requireManagerInside(client, member);
    const row = await findConflict(client, tenantId, {id, lock: true});
    if (row === undefined) throw new SyncError('not_found');
    if (row.status !== 'open' && !hasWritten) throw alreadyResolved(cipher, row);
    const {lastSeq, at} = await appendAudit(client, tenantId, [
      {
        action: `conflict.${status}`,
        entity: row.entity,
        recordId: row.recordId,
        userId,
        deviceId,
        summary: `${status === 'kept' ? 'Let stand' : 'Took back'} an overwrite of ${row.key.split('/', 1)[0] ?? row.key}.`,
        detail: null,
      },
    ]);
    const sealed =
      note === undefined ? null : cipher.seal(new TextEncoder().encode(note), conflictPlace(id, 'note'));
    return saveResolution(client, tenantId, {
      id,
      resolution: {status, at, by: userId, note: sealed, seq: lastSeq},
    });
  });
  if (saved.resolutionSeq !== null) deps.fanOut.hinted(tenantId, saved.resolutionSeq);
  return conflictJson(cipher, saved);
}
