// One row per record: its document, sealed, and its place in the tenant's feed.
import {isNotNull} from 'drizzle-orm';
import {boolean, integer, pgTable, primaryKey, text, uniqueIndex, uuid} from 'drizzle-orm/pg-core';
import {bytea, counter, instant, tenantId} from './columns.ts';

export const records = pgTable(
  'records',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    /** Of the latest change. Null while the row only holds the place of a record being created. */
    seq: counter('seq'),
    updatedAt: instant('updated_at'),
    /** Grows with every write of this row, and seals `body` and `memory` to it. */
    version: integer('version').notNull().default(0),
    /** Of the document; grows when it is compacted. */
    generation: integer('generation').notNull().default(0),
    deleted: boolean('deleted').notNull().default(false),
    entity: text('entity').notNull(),
    /** Sealed: payload and Yjs state, which devices are sent. */
    body: bytea('body'),
    /** Sealed: what is remembered of its writes, which only a merge needs. */
    memory: bytea('memory'),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.entity, table.id]}),
    // Partial, so that no plan looks up keys by it.
    uniqueIndex('records_seq').on(table.tenantId, table.seq).where(isNotNull(table.seq)),
  ],
);
