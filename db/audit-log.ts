// Reads a tenant's log. db/audit.ts and the lane append to it.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';

export interface AuditLogRow {
  readonly seq: number;
  readonly at: Date;
  readonly action: string;
  readonly entity: string | null;
  readonly recordId: string | null;
  readonly userId: string | null;
  readonly deviceId: string | null;
  readonly summary: string;
  /** Sealed; see auditPlace. */
  readonly detail: Buffer | null;
}

/** Where the detail of a row about a record is sealed to. */
export const auditPlace = ({entity, recordId}: Pick<AuditLogRow, 'entity' | 'recordId'>) => ({
  table: 'audit_logs',
  column: 'detail',
  record: `${entity ?? ''}/${recordId ?? ''}`,
  version: 0,
});

/** In order of seq, after a position. */
export async function listAudit(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: number; limit: number},
): Promise<AuditLogRow[]> {
  const {rows} = await client.query<AuditLogRow>({
    name: 'list_audit',
    text: `SELECT seq, at, action, entity, record_id AS "recordId", user_id AS "userId", device_id AS "deviceId",
                  summary, detail
           FROM audit_logs WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    values: [tenantId, after, limit],
  });
  return rows;
}

export interface RecordHistoryRow extends AuditLogRow {
  /** Conflicts that this row made or settled. */
  readonly conflictIds: readonly string[];
}

/** The rows about one record before a position, latest first. */
export async function listRecordHistory(
  client: pg.ClientBase,
  tenantId: TenantId,
  {entity, id, before, limit}: {entity: string; id: string; before: number; limit: number},
): Promise<RecordHistoryRow[]> {
  const {rows} = await client.query<RecordHistoryRow>({
    name: 'list_record_history',
    text: `SELECT a.seq, a.at, a.action, a.entity, a.record_id AS "recordId", a.user_id AS "userId",
                  a.device_id AS "deviceId", a.summary, a.detail,
                  ARRAY(SELECT c.id::text FROM conflict_logs c
                        WHERE c.tenant_id = a.tenant_id AND c.entity = a.entity AND c.record_id = a.record_id
                          AND (c.seq = a.seq OR c.resolution_seq = a.seq)
                        ORDER BY c.id) AS "conflictIds"
           FROM audit_logs a
           WHERE a.tenant_id = $1 AND a.entity = $2 AND a.record_id = $3 AND a.seq < $4
           ORDER BY a.seq DESC LIMIT $5`,
    values: [tenantId, entity, id, before, limit],
  });
  return rows;
}
