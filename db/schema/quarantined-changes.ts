// Changes that came for a record outside their author's scope: kept for a manager to apply or discard.
import {sql} from 'drizzle-orm';
import {check, index, pgTable, primaryKey, text, uniqueIndex, uuid} from 'drizzle-orm/pg-core';
import {bytea, counter, instant, tenantId} from './columns.ts';

export const quarantinedChanges = pgTable(
  'quarantined_changes',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    entity: text('entity').notNull(),
    recordId: uuid('record_id').notNull(),
    userId: uuid('user_id').notNull(),
    deviceId: uuid('device_id').notNull(),
    /** Keyed hash of the change's name or bytes: the same change sent again is kept once. */
    fingerprint: bytea('fingerprint').notNull(),
    /** Sealed: the change. */
    change: bytea('change').notNull(),
    arrivedAt: instant('arrived_at').notNull(),
    status: text('status', {enum: ['open', 'applied', 'discarded']})
      .notNull()
      .default('open'),
    decidedAt: instant('decided_at'),
    decidedBy: uuid('decided_by'),
    /** Of the decision in the log. */
    decisionSeq: counter('decision_seq'),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    uniqueIndex('quarantined_changes_once').on(table.tenantId, table.deviceId, table.fingerprint),
    index('quarantined_changes_arrived').on(table.tenantId, table.arrivedAt, table.id),
    check('quarantined_changes_status', sql`${table.status} IN ('open', 'applied', 'discarded')`),
  ],
);
