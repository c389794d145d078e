// Devices as one tenant knows them, and the Yjs client ids they write under.
import {index, pgTable, primaryKey, text, uuid} from 'drizzle-orm/pg-core';
import {counter, instant, tenantId} from './columns.ts';

export const devices = pgTable(
  'devices',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(),
    platform: text('platform'),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    // Not by tenant first: no early plan takes it for a look-up by id.
    index('devices_user').on(table.userId, table.tenantId),
  ],
);

/** A client id belongs to the first device of the tenant that used it. */
export const replicas = pgTable(
  'replicas',
  {
    tenantId: tenantId(),
    clientId: counter('client_id').notNull(),
    deviceId: uuid('device_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.clientId]}),
    index('replicas_device').on(table.tenantId, table.deviceId),
  ],
);
