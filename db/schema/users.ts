// People who sign in, and the devices they sign in on. Both are the same in every tenant.
import {index, pgTable, text, uuid} from 'drizzle-orm/pg-core';
import {instant} from './columns.ts';

export const users = pgTable('users', {
  id: uuid('id').primaryKey().defaultRandom(),
  /** The token's subject. */
  clerkUserId: text('clerk_user_id').notNull().unique(),
  /** As the issuer last told, lower case. */
  email: text('email'),
  name: text('name'),
  /** How new the issuer's own word on both is, by its clock; null: so far only tokens have told. */
  profileAt: instant('profile_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** A device id belongs to the first user that used it, for ever. */
export const userDevices = pgTable(
  'user_devices',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id),
    /** The tenant this device works in when a request names none. */
    activeTenantId: uuid('active_tenant_id'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [index('user_devices_user').on(table.userId)],
);
