// The outbox as managers see it, and as providers report on it. db/delivery-queue.ts takes from it what is due.
import type pg from 'pg';
import type {ChannelName, DeliveryState} from '#crdt/protocol/deliveries.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {asWorker} from './transaction.ts';

export interface DeliveryRow {
  readonly id: string;
  readonly invoiceId: string;
  readonly invoiceVersion: Buffer;
  readonly requestKey: string | null;
  readonly channel: ChannelName;
  /** Sealed; see recipientPlace. */
  readonly recipient: Buffer;
  readonly language: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly unknowns: number;
  readonly nextAt: Date | null;
  readonly providerId: string | null;
  readonly lastErrorCode: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const DELIVERY_COLUMNS = `d.id, d.invoice_id AS "invoiceId", d.invoice_version AS "invoiceVersion",
  d.request_key AS "requestKey", d.channel, d.recipient, d.language, d.state, d.attempts, d.unknowns,
  d.next_at AS "nextAt", d.provider_id AS "providerId", d.last_error_code AS "lastErrorCode",
  d.created_by AS "createdBy", d.created_at AS "createdAt", d.updated_at AS "updatedAt"`;

/** In the order in which they were made. */
export async function listDeliveries(
  client: pg.ClientBase,
  tenantId: TenantId,
  invoiceId: string,
): Promise<DeliveryRow[]> {
  const {rows} = await client.query<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} FROM deliveries d WHERE tenant_id = $1 AND invoice_id = $2 ORDER BY created_at, channel, id`,
    [tenantId, invoiceId],
  );
  return rows;
}

export async function findDelivery(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, lock}: {id: string; lock: boolean},
): Promise<DeliveryRow | undefined> {
  const {rows} = await client.query<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} FROM deliveries d WHERE tenant_id = $1 AND id = $2 ${lock ? 'FOR UPDATE' : ''}`,
    [tenantId, id],
  );
  return rows[0];
}

/**
 * With all its attempts before it again; an SMS is looked up first if it was in doubt. The caller has it locked.
 */
export async function requeue(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, at}: {id: string; at: Date},
): Promise<void> {
  await client.query(
    `UPDATE deliveries SET state = 'queued', attempts = 0,
       unknowns = CASE WHEN channel = 'sms' THEN unknowns ELSE 0 END, next_at = $3, updated_at = $3 WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, at],
  );
}

/** All of the tenant, in the order in which they were made, after a place. */
export async function listEveryDelivery(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: {createdAt: Date; id: string} | null; limit: number},
): Promise<DeliveryRow[]> {
  const {rows} = await client.query<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} FROM deliveries d
     WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
     ORDER BY created_at, id LIMIT $4`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows;
}

/** Those of a state that nothing is due of, or the one named; locked. */
export async function listGivenUp(
  client: pg.ClientBase,
  tenantId: TenantId,
  {state, id, limit}: {state: 'dead' | 'failed' | 'unknown'; id: string | null; limit: number},
): Promise<DeliveryRow[]> {
  const {rows} = await client.query<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} FROM deliveries d
     WHERE tenant_id = $1 AND state = $2 AND next_at IS NULL AND ($3::uuid IS NULL OR id = $3)
     ORDER BY created_at, id LIMIT $4 FOR UPDATE`,
    [tenantId, state, id, limit],
  );
  return rows;
}

/** Whose a delivery is. By id: a link or a callback names it. By providerId: as the provider names it. */
export async function findDeliveryTenant(
  pool: pg.Pool,
  {id, channel, providerId}: {id: string | null; channel: ChannelName | null; providerId: string | null},
): Promise<{readonly tenantId: TenantId; readonly id: string} | undefined> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<{tenantId: TenantId; id: string}>(
      `SELECT tenant_id AS "tenantId", id FROM deliveries
       WHERE (id = $1::uuid OR $1 IS NULL AND provider_id = $3) AND ($2::text IS NULL OR channel = $2) LIMIT 1`,
      [id, channel, providerId],
    ),
  );
  return rows[0];
}

export interface StatusReport {
  readonly id: string;
  readonly state: 'sent' | 'delivered' | 'read' | 'failed';
  readonly providerId: string;
  /** Of a failure. */
  readonly errorCode: string | null;
  readonly at: Date;
}

/**
 * What a provider reports: callbacks come unordered and more than once, so a state only ever moves on. A failure
 * counts unless it arrived all the same; and whatever is reported, the provider has the message. A message that was
 * tried again goes by several names: until the new one is known, its old one says nothing but that it arrived.
 */
export async function saveReport(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, state, providerId, errorCode, at}: StatusReport,
): Promise<boolean> {
  const {rowCount} = await client.query(
    `UPDATE deliveries SET state = $3, provider_id = $4, last_error_code = $5, next_at = NULL, is_handed_over = false,
       updated_at = greatest(updated_at, $6)
     WHERE tenant_id = $1 AND id = $2 AND CASE $3
       WHEN 'failed' THEN CASE
         WHEN provider_id IS NULL THEN state NOT IN ('delivered', 'read', 'failed', 'local')
         WHEN provider_id = $4 THEN state = 'sent'
         ELSE state IN ('sending', 'unknown') END
       WHEN 'sent' THEN CASE
         WHEN provider_id IS NULL THEN state NOT IN ('sent', 'delivered', 'read', 'failed', 'local')
         ELSE provider_id <> $4 AND state IN ('sending', 'unknown', 'dead') END
       WHEN 'delivered' THEN state NOT IN ('delivered', 'read')
       ELSE state <> 'read' END`,
    [tenantId, id, state, providerId, errorCode, at],
  );
  return rowCount === 1;
}

export interface LocalMessageRow {
  readonly id: string;
  readonly message: Buffer;
  readonly document: Buffer;
  readonly createdAt: Date;
}

export const localMessagePlace = (id: string, column: 'message' | 'document') => ({
  table: 'local_messages',
  column,
  record: id,
  version: 0,
});

export async function listLocalMessages(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, limit}: {after: {createdAt: Date; id: string} | null; limit: number},
): Promise<Omit<LocalMessageRow, 'document'>[]> {
  const {rows} = await client.query<LocalMessageRow>(
    `SELECT id, message, created_at AS "createdAt" FROM local_messages
     WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
     ORDER BY created_at, id LIMIT $4`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows;
}

export async function findLocalMessage(
  client: pg.ClientBase,
  tenantId: TenantId,
  id: string,
): Promise<LocalMessageRow | undefined> {
  const {rows} = await client.query<LocalMessageRow>(
    `SELECT id, message, document, created_at AS "createdAt" FROM local_messages WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id],
  );
  return rows[0];
}
