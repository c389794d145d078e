// What became of one record: every row of the tenant's log about it, with values before and after. Managers only.
import type {EntityName} from '#crdt/entities/entity.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {HistoryQuery, HistoryResponse} from '#crdt/protocol/history.ts';
import {listRecordHistory} from '#db/audit-log.ts';
import {withTenant} from '#db/transaction.ts';
import {auditEntryJson} from './audit-log.ts';
import type {Member} from './members.ts';
import {requireManager} from './require-manager.ts';
import type {Service} from './service.ts';

/**
 * Latest first; what is added while somebody pages is on none of the later pages. Throws SyncError `forbidden` for
 * employees, `not_found`, `bad_cursor`, `resync`.
 */
export async function listHistory(
  {pool, tenantKeys, cursors}: Pick<Service, 'pool' | 'tenantKeys' | 'cursors'>,
  member: Member,
  {entity, id, query}: {entity: EntityName; id: string; query: HistoryQuery},
): Promise<HistoryResponse> {
  requireManager(member);
  const {tenantId} = member;
  const {cursor, limit} = query;
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : cursors.read(member, cursor);
  const cipher = await tenantKeys.cipherOf(tenantId);
  const rows = await withTenant(pool, tenantId, (client) =>
    listRecordHistory(client, tenantId, {entity, id, before, limit: limit + 1}),
  );
  // A record has at least the row of its creation.
  if (rows.length === 0 && cursor === undefined) throw new SyncError('not_found');
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit;
  return {
    items: page.map((row) => ({...auditEntryJson(cipher, row), conflicts: [...row.conflictIds]})),
    nextCursor: hasMore && last !== undefined ? cursors.write(member, last.seq) : null,
    hasMore,
  };
}
