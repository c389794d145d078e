// The log of a tenant: one row per `seq`, without gaps, in commit order. Rows are only ever added.
import {index, pgTable, primaryKey, text, uuid} from 'drizzle-orm/pg-core';
import {bytea, counter, instant, tenantId} from './columns.ts';

export const auditLogs = pgTable(
  'audit_logs',
  {
    tenantId: tenantId(),
    seq: counter('seq').notNull(),
    at: instant('at').notNull(),
    /** First `seq` of the rows committed together, which are chained as one. */
    groupSeq: counter('group_seq').notNull(),
    action: text('action').notNull(),
    entity: text('entity'),
    recordId: uuid('record_id'),
    userId: uuid('user_id'),
    deviceId: uuid('device_id'),
    /** One sentence without values. */
    summary: text('summary').notNull(),
    /** Sealed: what is known of values before and after. */
    detail: bytea('detail'),
    /** Hash over this row's content; see db/audit-chain.ts. */
    digest: bytea('digest').notNull(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.seq]}),
    index('audit_logs_at').on(table.tenantId, table.at),
    index('audit_logs_record').on(table.tenantId, table.entity, table.recordId, table.seq),
  ],
);
