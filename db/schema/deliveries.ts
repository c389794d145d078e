// Messages that carry invoices out, and what became of each: the outbox. Rows are made in the transaction that marks
// the invoice as sent. Beside it what was written here instead of being sent, where a channel has no provider.
import {sql} from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {bytea, counter, instant, tenantId} from './columns.ts';

export const deliveries = pgTable(
  'deliveries',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    invoiceId: uuid('invoice_id').notNull(),
    /** Keyed hash of what the invoice says and of whom it goes to: the same message is made once. */
    invoiceVersion: bytea('invoice_version').notNull(),
    /** Feed position of the invoice that it was asked for on. */
    invoiceSeq: counter('invoice_seq').notNull(),
    channel: text('channel', {enum: ['email', 'whatsapp', 'sms']}).notNull(),
    /** Sealed: the address or number. */
    recipient: bytea('recipient').notNull(),
    /** Keyed hash of it. */
    recipientHash: bytea('recipient_hash').notNull(),
    language: text('language').notNull(),
    state: text('state', {
      enum: ['queued', 'sending', 'local', 'sent', 'delivered', 'read', 'failed', 'dead', 'unknown'],
    })
      .notNull()
      .default('queued'),
    attempts: integer('attempts').notNull().default(0),
    /** Attempts of which nobody knows whether the provider took the message. */
    unknowns: integer('unknowns').notNull().default(0),
    /** Whether the attempt under way may have reached the provider. */
    isHandedOver: boolean('is_handed_over').notNull().default(false),
    /** When an attempt is due; while one is under way, when its lease ends. Null: nothing is due. */
    nextAt: instant('next_at'),
    attemptedAt: instant('attempted_at'),
    providerId: text('provider_id'),
    lastErrorCode: text('last_error_code'),
    /** The state that its invoice shows to devices; while it is another one, the invoice is to be written. */
    shownState: text('shown_state'),
    /** The Idempotency-Key of the request. */
    requestKey: uuid('request_key'),
    createdBy: uuid('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    uniqueIndex('deliveries_once').on(table.tenantId, table.invoiceId, table.invoiceVersion, table.channel),
    uniqueIndex('deliveries_request').on(table.tenantId, table.requestKey, table.invoiceId, table.channel),
    index('deliveries_due')
      .on(table.nextAt)
      .where(sql`${table.nextAt} IS NOT NULL`),
    index('deliveries_unshown')
      .on(table.tenantId, table.invoiceId)
      .where(sql`${table.shownState} IS DISTINCT FROM replace(${table.state}, 'sending', 'queued')`),
    index('deliveries_id').on(table.id),
    index('deliveries_provider').on(table.providerId),
    index('deliveries_recipient').on(table.tenantId, table.recipientHash, table.attemptedAt),
    check('deliveries_channel', sql`${table.channel} IN ('email', 'whatsapp', 'sms')`),
    check(
      'deliveries_state',
      sql`${table.state} IN ('queued', 'sending', 'local', 'sent', 'delivered', 'read', 'failed', 'dead', 'unknown')`,
    ),
  ],
);

export const localMessages = pgTable(
  'local_messages',
  {
    tenantId: tenantId(),
    /** Of the delivery. */
    id: uuid('id').notNull(),
    /** Sealed: recipient, subject, text. */
    message: bytea('message').notNull(),
    /** Sealed: the PDF. */
    document: bytea('document').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    index('local_messages_created').on(table.tenantId, table.createdAt, table.id),
  ],
);
