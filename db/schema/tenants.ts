// Tenants, and the counter that orders what is committed in each.
import {integer, pgTable, text, uuid} from 'drizzle-orm/pg-core';
import {bytea, counter, instant} from './columns.ts';

export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** The tenant's key, sealed under the master key that `masterKeyId` names. */
  wrappedKey: bytea('wrapped_key').notNull(),
  keyVersion: integer('key_version').notNull().default(1),
  masterKeyId: text('master_key_id').notNull(),
});

/**
 * Taken last in every transaction that adds to the log: its row lock orders the tenant's commits. In a table of its
 * own, since it changes with every commit.
 */
export const tenantCounters = pgTable('tenant_counters', {
  tenantId: uuid('tenant_id')
    .primaryKey()
    .references(() => tenants.id),
  /** The last number given out in audit_logs. */
  seq: counter('seq').notNull().default(0),
  /** Time of the last commit: never earlier than the one before it. */
  at: instant('at').notNull().defaultNow(),
  /** Changes with memberships, roles and devices. */
  accessVersion: counter('access_version').notNull().default(0),
  /** Changes with every grant and loss of a record, and with the teams of an employee. */
  scopeVersion: counter('scope_version').notNull().default(0),
  /** Hash over the whole log so far; see db/audit-chain.ts. */
  auditHead: bytea('audit_head').notNull(),
});
