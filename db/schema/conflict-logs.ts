// Overwrites that a manager can look at and undo. One row per key and merge.
import {sql} from 'drizzle-orm';
import {check, index, pgTable, primaryKey, text, uniqueIndex, uuid} from 'drizzle-orm/pg-core';
import {bytea, counter, instant, tenantId} from './columns.ts';

export const conflictLogs = pgTable(
  'conflict_logs',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    /** Of the change that merged. */
    seq: counter('seq').notNull(),
    entity: text('entity').notNull(),
    recordId: uuid('record_id').notNull(),
    key: text('key').notNull(),
    /** Sealed: both sides of every overwrite with their values. */
    fields: bytea('fields').notNull(),
    fieldNames: text('field_names').array().notNull(),
    /** One sentence without values. */
    summary: text('summary').notNull(),
    winnerId: text('winner_id').notNull(),
    loserId: text('loser_id').notNull(),
    status: text('status', {enum: ['open', 'kept', 'restored']})
      .notNull()
      .default('open'),
    createdAt: instant('created_at').notNull(),
    resolvedAt: instant('resolved_at'),
    resolvedBy: uuid('resolved_by'),
    /** Sealed. */
    note: bytea('note'),
    /** Of the resolution in the log. */
    resolutionSeq: counter('resolution_seq'),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    uniqueIndex('conflict_logs_writes').on(
      table.tenantId,
      table.entity,
      table.recordId,
      table.key,
      table.winnerId,
      table.loserId,
    ),
    index('conflict_logs_seq').on(table.tenantId, table.seq),
    check('conflict_logs_status', sql`${table.status} IN ('open', 'kept', 'restored')`),
  ],
);
