// Events of outside services that were taken in, so that one delivered again does nothing. The same for all tenants.
import {pgTable, primaryKey, text} from 'drizzle-orm/pg-core';
import {instant} from './columns.ts';

export const webhookEvents = pgTable(
  'webhook_events',
  {
    provider: text('provider').notNull(),
    /** The provider's own name of the event. */
    id: text('id').notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({columns: [table.provider, table.id]})],
);
