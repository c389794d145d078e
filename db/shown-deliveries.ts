// Which invoices do not show yet what became of their messages. Only server/sending/show-states.ts calls it.
import type pg from 'pg';
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {asWorker, withTenant, withTenantSnapshot} from './transaction.ts';

/** An attempt under way is shown as one that waits. */
const SHOWN_SQL = `replace(d.state, 'sending', 'queued')`;

export interface UnshownInvoice {
  readonly tenantId: TenantId;
  readonly invoiceId: string;
}

/** Of all tenants; in no order. */
export async function listUnshown(pool: pg.Pool, limit: number): Promise<UnshownInvoice[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<UnshownInvoice>(
      `SELECT DISTINCT d.tenant_id AS "tenantId", d.invoice_id AS "invoiceId" FROM deliveries d
       WHERE d.shown_state IS DISTINCT FROM ${SHOWN_SQL} LIMIT $1`,
      [limit],
    ),
  );
  return rows;
}

export interface ShownDelivery {
  readonly id: string;
  readonly channel: ChannelName;
  readonly state: string;
  /** Who sent it. */
  readonly createdBy: string;
}

export interface InvoiceStates {
  /** Feed position of the invoice at the same moment. */
  readonly seq: number;
  /** Earliest first. */
  readonly deliveries: readonly ShownDelivery[];
}

/** Undefined: there is no such record. */
export const readStates = (
  pool: pg.Pool,
  {tenantId, invoiceId}: UnshownInvoice,
): Promise<InvoiceStates | undefined> =>
  withTenantSnapshot(pool, tenantId, async (client) => {
    const records = await client.query<{seq: number}>(
      `SELECT seq::float8 AS seq FROM records WHERE tenant_id = $1 AND entity = 'finance_entries' AND id = $2`,
      [tenantId, invoiceId],
    );
    const {rows} = await client.query<ShownDelivery>(
      `SELECT d.id, d.channel, ${SHOWN_SQL} AS state, d.created_by AS "createdBy" FROM deliveries d
       WHERE d.tenant_id = $1 AND d.invoice_id = $2 ORDER BY d.created_at, d.id`,
      [tenantId, invoiceId],
    );
    const [record] = records.rows;
    return record && {seq: record.seq, deliveries: rows};
  });

/** Of deliveries that were read as `states` has them; one that has moved on meanwhile stays to be shown. */
export async function saveShown(
  pool: pg.Pool,
  tenantId: TenantId,
  deliveries: readonly ShownDelivery[],
): Promise<void> {
  await withTenant(pool, tenantId, (client) =>
    client.query(
      `UPDATE deliveries d SET shown_state = s.state
       FROM unnest($2::uuid[], $3::text[]) AS s (id, state)
       WHERE d.tenant_id = $1 AND d.id = s.id AND d.shown_state IS DISTINCT FROM s.state`,
      [tenantId, deliveries.map(({id}) => id), deliveries.map(({state}) => state)],
    ),
  );
}
