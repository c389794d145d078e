// Events of outside services that were taken in, so that one delivered again does nothing. They belong to no tenant.
import type pg from 'pg';

export interface WebhookEventKey {
  readonly provider: 'clerk' | 'whatsapp' | 'sms';
  /** The provider's own name of the event. */
  readonly id: string;
}

/**
 * False: it was taken before. Waits for another transaction that is taking it. What the event does belongs into the
 * same transaction.
 */
export async function takeWebhookEvent(
  client: pg.ClientBase,
  {provider, id}: WebhookEventKey,
): Promise<boolean> {
  const {rowCount} = await client.query(
    `INSERT INTO webhook_events (provider, id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    [provider, id],
  );
  return rowCount === 1;
}

export async function isWebhookEventTaken(pool: pg.Pool, {provider, id}: WebhookEventKey): Promise<boolean> {
  const {rowCount} = await pool.query(`SELECT FROM webhook_events WHERE provider = $1 AND id = $2`, [
    provider,
    id,
  ]);
  return rowCount === 1;
}

/** Forgets those older than `days`; how many there were. */
export async function forgetWebhookEvents(pool: pg.Pool, days: number): Promise<number> {
  const result = await pool.query(
    `DELETE FROM webhook_events WHERE received_at < now() - make_interval(days => $1)`,
    [days],
  );
  return result.rowCount ?? 0;
}
