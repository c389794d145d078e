// The log of a tenant for its managers, values before and after included.
import type {AuditEntry} from '#crdt/change.ts';
import type {AuditChange, AuditEntryJson, AuditQuery, AuditResponse} from '#crdt/protocol/audit.ts';
import {auditPlace, listAudit as listRows, type AuditLogRow} from '#db/audit-log.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {withTenant} from '#db/transaction.ts';
import type {Member} from './members.ts';
import {requireManager} from './require-manager.ts';
import type {Service} from './service.ts';
import {readSince} from './since.ts';

/** In order of seq. Throws SyncError `forbidden` for employees, `bad_cursor`, `resync`. */
export async function listAudit(
  deps: Pick<Service, 'pool' | 'tenantKeys' | 'cursors' | 'feed'>,
  member: Member,
  {since, limit}: AuditQuery,
): Promise<AuditResponse> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const after = await readSince(deps, member, since);
  const rows = await withTenant(deps.pool, tenantId, (client) =>
    listRows(client, tenantId, {after, limit: limit + 1}),
  );
  const page = rows.slice(0, limit);
  return {
    items: page.map((row) => auditEntryJson(cipher, row)),
    nextCursor: deps.cursors.write(member, page.at(-1)?.seq ?? after),
    hasMore: rows.length > limit,
  };
}

/** A row as managers see it, its values opened. */
export function auditEntryJson(cipher: TenantCipher, row: AuditLogRow): AuditEntryJson {
  const {seq, at, action, entity, recordId, userId, deviceId, summary, detail} = row;
  const changes = detail === null ? undefined : openChanges(cipher, {...row, detail});
  return {
    seq,
    at: at.toISOString(),
    action,
    entity,
    entityId: recordId,
    userId,
    deviceId,
    summary,
    ...(changes === undefined ? {} : {changes}),
  };
}

const utf8 = new TextDecoder();

function openChanges(cipher: TenantCipher, row: AuditLogRow & {readonly detail: Buffer}): AuditChange[] {
  const entries = JSON.parse(utf8.decode(cipher.open(row.detail, auditPlace(row)))) as AuditEntry[];
  return entries.map(({key, ...change}) => ({field: key, ...change}));
}
