// The employees of a tenant, as far as every colleague may know them.
import type pg from 'pg';
import type {RecordId, TenantId} from '#crdt/protocol/ids.ts';

export interface ColleagueRow {
  readonly id: RecordId;
  /** Sealed. */
  readonly displayName: Buffer | null;
  readonly jobTitle: string | null;
  readonly color: string | null;
  readonly teamIds: readonly string[] | null;
  readonly createdAt: Date;
}

/** Without deleted ones, in the order in which they were made, after a place. */
export async function listColleagues(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: {createdAt: Date; id: string} | null; limit: number},
): Promise<ColleagueRow[]> {
  const {rows} = await client.query<ColleagueRow>(
    `SELECT id, display_name AS "displayName", job_title AS "jobTitle", color, team_ids AS "teamIds",
            created_at AS "createdAt"
     FROM employees
     WHERE tenant_id = $1 AND deleted_at IS NULL
       AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
     ORDER BY created_at, id LIMIT $4`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows;
}
