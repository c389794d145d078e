// Numbers that a tenant's documents get without gaps: tasks, and invoices per series and year.
import {pgTable, primaryKey, text} from 'drizzle-orm/pg-core';
import {counter, tenantId} from './columns.ts';

export const series = pgTable(
  'series',
  {
    tenantId: tenantId(),
    /** Such as `task` or `INV-2026`. */
    key: text('key').notNull(),
    next: counter('next').notNull().default(1),
  },
  (table) => [primaryKey({columns: [table.tenantId, table.key]})],
);
