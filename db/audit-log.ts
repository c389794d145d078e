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
