// Questions about attachments that their records alone do not answer: what they add up to, which wait for too long, and
// which files they name.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {asWorker} from './transaction.ts';

/** Of those that are uploaded or may still be. Whoever decides by it holds the tenant's counter. */
export async function sumAttachments(
  client: pg.ClientBase,
  tenantId: TenantId,
): Promise<{bytes: number; count: number}> {
  const {rows} = await client.query<{bytes: string; count: string}>(
    `SELECT coalesce(sum(size_bytes), 0) AS bytes, count(*) AS count FROM attachments
     WHERE tenant_id = $1 AND status IN ('pending', 'uploaded')`,
    [tenantId],
  );
  return {bytes: Number(rows[0]?.bytes ?? 0), count: Number(rows[0]?.count ?? 0)};
}

/** An upload that was announced and never completed. */
export interface StaleUpload {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly seq: number;
  /** Who announced it last. */
  readonly updatedBy: string;
}

/** Those of all tenants that were last announced before a moment, longest ago first. */
export async function listStaleUploads(
  pool: pg.Pool,
  {before, limit}: {before: Date; limit: number},
): Promise<StaleUpload[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<StaleUpload>(
      `SELECT tenant_id AS "tenantId", id, seq, updated_by AS "updatedBy" FROM attachments
       WHERE status = 'pending' AND updated_at < $1 ORDER BY updated_at LIMIT $2`,
      [before, limit],
    ),
  );
  return rows;
}

/** Of `ids`, those that an upload is expected for; null if this database knows no such tenant. */
export const findAwaited = (
  client: pg.ClientBase,
  tenantId: TenantId,
  ids: readonly string[],
): Promise<ReadonlySet<string> | null> =>
  findNeeded(client, {
    text: `SELECT a.id::text AS name FROM tenants t
           LEFT JOIN attachments a ON a.tenant_id = t.id AND a.id = ANY($2::uuid[]) AND a.status = 'pending'
           WHERE t.id = $1`,
    values: [tenantId, ids],
  });

/** Of `keys`, those that an uploaded attachment names; null if this database knows no such tenant. */
export const findNamed = (
  client: pg.ClientBase,
  tenantId: TenantId,
  keys: readonly string[],
): Promise<ReadonlySet<string> | null> =>
  findNeeded(client, {
    text: `SELECT a.key AS name FROM tenants t
           LEFT JOIN attachments a ON a.tenant_id = t.id AND a.key = ANY($2::text[]) AND a.status = 'uploaded'
           WHERE t.id = $1`,
    values: [tenantId, keys],
  });

async function findNeeded(client: pg.ClientBase, query: pg.QueryConfig): Promise<Set<string> | null> {
  const {rows} = await client.query<{name: string | null}>(query);
  if (rows.length === 0) return null;
  return new Set(rows.flatMap(({name}) => name ?? []));
}

/** The newest PDF that was attached to an invoice or credit note as its document: what the record says of its file. */
export async function findInvoicePdf(
  client: pg.ClientBase,
  tenantId: TenantId,
  invoiceId: string,
): Promise<{readonly key: string} | undefined> {
  const {rows} = await client.query<{key: string}>(
    `SELECT key FROM attachments
     WHERE tenant_id = $1 AND owner_id = $2 AND owner_type = 'finance_entries' AND kind = 'invoice_pdf'
       AND status = 'uploaded'
     ORDER BY seq DESC LIMIT 1`,
    [tenantId, invoiceId],
  );
  return rows[0];
}
