// Which records an employee has in scope, one row per member and record that ever was. Kept by the transaction that
// changes what decides about it; managers see everything and have no rows, and what all employees see has none.
import {sql} from 'drizzle-orm';
import {boolean, index, pgTable, primaryKey, text, uuid} from 'drizzle-orm/pg-core';
import {counter, instant, tenantId} from './columns.ts';

export const recordAccess = pgTable(
  'record_access',
  {
    tenantId: tenantId(),
    userId: uuid('user_id').notNull(),
    entity: text('entity').notNull(),
    recordId: uuid('record_id').notNull(),
    /** False: it was in scope once, and devices are to drop it. */
    granted: boolean('granted').notNull(),
    /** Of the grant or loss in the log; 0 for what came with the membership, before any of its cursors. */
    seq: counter('seq').notNull(),
    changedAt: instant('changed_at').notNull(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.userId, table.entity, table.recordId]}),
    index('record_access_record').on(table.tenantId, table.entity, table.recordId),
    // Partial, so that no plan looks up keys by it.
    index('record_access_seq')
      .on(table.tenantId, table.seq)
      .where(sql`${table.seq} > 0`),
  ],
);
