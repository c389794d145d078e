// What is due in the outbox, taken by one worker at a time, and what became of each attempt. Only the worker of
// server/sending calls it. Nothing here is held while a provider is asked.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {DELIVERY_COLUMNS, type DeliveryRow} from './deliveries.ts';
import {asWorker, withTenant} from './transaction.ts';

export interface ClaimedDelivery extends DeliveryRow {
  readonly tenantId: TenantId;
}

export interface ClaimTerms {
  readonly now: Date;
  readonly leaseMs: number;
  /** Between two WhatsApp messages to one recipient. */
  readonly recipientGapMs: number;
}

/** Claims go one after the other, so that none misses the message to the same recipient that another just took. */
const CLAIM_LOCK = 7_204_115;

const claimSql = `
  WITH due AS (
    SELECT d.tenant_id, d.id FROM deliveries d
    WHERE d.next_at <= $1 AND d.state IN ('queued', 'sending', 'unknown')
      AND NOT (d.channel = 'whatsapp' AND EXISTS (
        SELECT FROM deliveries o
        WHERE o.tenant_id = d.tenant_id AND o.recipient_hash = d.recipient_hash AND o.channel = 'whatsapp'
          AND o.attempted_at > $1 - make_interval(secs => $3 / 1000.0)))
    ORDER BY d.next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  UPDATE deliveries d SET state = 'sending', attempts = d.attempts + 1,
    unknowns = d.unknowns + d.is_handed_over::int, is_handed_over = false, attempted_at = $1, updated_at = $1,
    next_at = $1 + make_interval(secs => $2 / 1000.0)
  FROM due WHERE d.tenant_id = due.tenant_id AND d.id = due.id
  RETURNING d.tenant_id AS "tenantId", ${DELIVERY_COLUMNS}`;

/**
 * The one that is due longest, leased: until the lease ends no other worker gets it. An attempt whose lease ended
 * after it was handed over counts as one of unknown outcome.
 */
export async function claimDelivery(
  pool: pg.Pool,
  {now, leaseMs, recipientGapMs}: ClaimTerms,
): Promise<ClaimedDelivery | undefined> {
  const {rows} = await asWorker(pool, (client) => {
    const locked = client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
    // Should it fail, so does the statement after it.
    locked.catch(() => undefined);
    return client.query<ClaimedDelivery>(claimSql, [now, leaseMs, recipientGapMs]);
  });
  return rows[0];
}

/** An attempt names itself by its number: once another has begun, it has no say any more. */
interface Attempt {
  readonly id: string;
  readonly attempts: number;
}

/** From here on the provider may have it. False: the lease is another's by now, so nothing may be sent. */
export async function noteHandOver(
  pool: pg.Pool,
  tenantId: TenantId,
  {id, attempts}: Attempt,
): Promise<boolean> {
  const {rowCount} = await withTenant(pool, tenantId, (client) =>
    client.query(
      `UPDATE deliveries SET is_handed_over = true
       WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'sending'`,
      [tenantId, id, attempts],
    ),
  );
  return rowCount === 1;
}

/** Counts even after the lease: the provider has it. What a callback has said meanwhile stands. */
export async function saveSent(
  pool: pg.Pool,
  tenantId: TenantId,
  {id, providerId, at}: {id: string; providerId: string; at: Date},
): Promise<void> {
  await withTenant(pool, tenantId, (client) =>
    client.query(
      `UPDATE deliveries SET state = 'sent', provider_id = $3, last_error_code = NULL, next_at = NULL,
         is_handed_over = false, updated_at = $4
       WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'sending', 'unknown', 'dead')`,
      [tenantId, id, providerId, at],
    ),
  );
}

export interface NotSent extends Attempt {
  readonly state: 'queued' | 'failed' | 'dead' | 'unknown';
  readonly errorCode: string;
  /** Null: it is tried no more. */
  readonly nextAt: Date | null;
  /** What the attempt adds to those of unknown outcome, and to the count of attempts beyond its own. */
  readonly unknowns: 0 | 1;
  readonly isCounted: boolean;
  readonly at: Date;
}

export async function saveNotSent(pool: pg.Pool, tenantId: TenantId, outcome: NotSent): Promise<void> {
  const {id, attempts, state, errorCode, nextAt, unknowns, isCounted, at} = outcome;
  await withTenant(pool, tenantId, (client) =>
    client.query(
      `UPDATE deliveries SET state = $4, last_error_code = $5, next_at = $6, unknowns = unknowns + $7,
         attempts = attempts - $8, is_handed_over = false, updated_at = $9
       WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'sending'`,
      [tenantId, id, attempts, state, errorCode, nextAt, unknowns, isCounted ? 0 : 1, at],
    ),
  );
}

/** Written here instead of being sent: message and outcome in one commit. */
export async function saveLocal(
  pool: pg.Pool,
  tenantId: TenantId,
  {id, message, document, at}: {id: string; message: Uint8Array; document: Uint8Array; at: Date},
): Promise<void> {
  await withTenant(pool, tenantId, async (client) => {
    await client.query(
      `INSERT INTO local_messages (tenant_id, id, message, document, created_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, id) DO NOTHING`,
      [tenantId, id, message, document, at],
    );
    await client.query(
      `UPDATE deliveries SET state = 'local', last_error_code = NULL, next_at = NULL, is_handed_over = false,
         updated_at = $3
       WHERE tenant_id = $1 AND id = $2 AND state = 'sending'`,
      [tenantId, id, at],
    );
  });
}

export interface QueueFigures {
  readonly waiting: number;
  /** Of the one that waits longest for its attempt; 0 if none is overdue. */
  readonly oldestSeconds: number;
  readonly dead: number;
}

export async function readQueueFigures(pool: pg.Pool, now: Date): Promise<QueueFigures> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<QueueFigures>(
      `SELECT count(*) FILTER (WHERE next_at IS NOT NULL)::int AS waiting,
         coalesce(greatest(extract(epoch FROM $1 - min(next_at)), 0), 0)::float AS "oldestSeconds",
         count(*) FILTER (WHERE state IN ('dead', 'unknown') AND next_at IS NULL)::int AS dead
       FROM deliveries WHERE next_at IS NOT NULL OR state IN ('dead', 'unknown')`,
      [now],
    ),
  );
  return rows[0] ?? {waiting: 0, oldestSeconds: 0, dead: 0};
}
