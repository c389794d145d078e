// What is remembered of a device's pushes and pulls: results by change id, so that a repeat gets the same answer,
// and recent pulls, to judge what a change that names no base had seen.
import {index, jsonb, pgTable, primaryKey, text, uuid} from 'drizzle-orm/pg-core';
import {counter, instant, tenantId} from './columns.ts';

export const pushResults = pgTable(
  'push_results',
  {
    tenantId: tenantId(),
    deviceId: uuid('device_id').notNull(),
    changeId: uuid('change_id').notNull(),
    entity: text('entity').notNull(),
    recordId: uuid('record_id').notNull(),
    seq: counter('seq'),
    result: jsonb('result').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.deviceId, table.changeId]}),
    // For the removal of old rows only; rows lie in order of time, so this costs next to nothing.
    index('push_results_created').using('brin', table.createdAt),
  ],
);

export const devicePulls = pgTable(
  'device_pulls',
  {
    tenantId: tenantId(),
    deviceId: uuid('device_id').notNull(),
    at: instant('at').notNull(),
    /** The device held everything up to this `seq` when it asked. */
    since: counter('since').notNull(),
  },
  (table) => [primaryKey({columns: [table.tenantId, table.deviceId, table.at]})],
);
