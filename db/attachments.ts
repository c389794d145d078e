// What the attachments of a tenant add up to.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';

/** Of those that are uploaded or may still be; `except` is left out. */
export async function sumAttachments(
  client: pg.ClientBase,
  tenantId: TenantId,
  except: string,
): Promise<{bytes: number; count: number}> {
  const {rows} = await client.query<{bytes: string; count: string}>(
    `SELECT coalesce(sum(size_bytes), 0) AS bytes, count(*) AS count FROM attachments
     WHERE tenant_id = $1 AND status IN ('pending', 'uploaded') AND id <> $2`,
    [tenantId, except],
  );
  return {bytes: Number(rows[0]?.bytes ?? 0), count: Number(rows[0]?.count ?? 0)};
}
