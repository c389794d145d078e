// Who belongs to a tenant in which role, and who was asked to.
import {sql} from 'drizzle-orm';
import {check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid} from 'drizzle-orm/pg-core';
import {bytea, instant, tenantId} from './columns.ts';
import {tenants} from './tenants.ts';
import {users} from './users.ts';

const roles = ['manager', 'employee'] as const;

export const memberships = pgTable(
  'memberships',
  {
    tenantId: tenantId().references(() => tenants.id),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id),
    id: uuid('id').notNull(),
    role: text('role', {enum: roles}).notNull(),
    status: text('status', {enum: ['active', 'removed']})
      .notNull()
      .default('active'),
    /** The `employees` record this member works as. */
    employeeId: uuid('employee_id'),
    /** Changes with role and status, and so ends every cursor given out before. */
    roleVersion: integer('role_version').notNull().default(1),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.userId]}),
    uniqueIndex('memberships_id').on(table.tenantId, table.id),
    // A removed member keeps the employee in its history; another may take its place.
    uniqueIndex('memberships_employee')
      .on(table.tenantId, table.employeeId)
      .where(sql`${table.status} = 'active'`),
    index('memberships_user').on(table.userId),
    check('memberships_role', sql`${table.role} IN ('manager', 'employee')`),
    check('memberships_status', sql`${table.status} IN ('active', 'removed')`),
  ],
);

export const invitations = pgTable(
  'invitations',
  {
    tenantId: tenantId().references(() => tenants.id),
    id: uuid('id').notNull(),
    /** Lower case. */
    email: text('email').notNull(),
    role: text('role', {enum: roles}).notNull(),
    employeeId: uuid('employee_id'),
    /** SHA-256 of the code: the code itself is told once and kept nowhere. */
    codeHash: bytea('code_hash').notNull(),
    createdBy: uuid('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    acceptedBy: uuid('accepted_by'),
    revokedAt: instant('revoked_at'),
    /** Of the invitation that Clerk sent for this one; null where Clerk is not used. */
    clerkInvitationId: text('clerk_invitation_id'),
  },
  (table) => [
    primaryKey({columns: [table.tenantId, table.id]}),
    uniqueIndex('invitations_code').on(table.tenantId, table.codeHash),
    index('invitations_email').on(table.tenantId, table.email),
    check('invitations_role', sql`${table.role} IN ('manager', 'employee')`),
  ],
);
