// Tenants and joining them, as answered.
import {z} from 'zod';
import {tenantId} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, nextCursor, pageLimit} from './moments.ts';

export const role = z.enum(['manager', 'employee']);

export const tenant = z.object({
  id: z.string(),
  name: z.string(),
  role,
  /** The `employees` record the member works as. */
  employeeId: z.string().optional(),
});

export const tenantsQuery = z.object({
  /** A `nextCursor` of this list. */
  since: tenantId.optional(),
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});

export const tenantsResponse = z.object({
  items: z.array(tenant),
  /** Null for somebody without tenants. */
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

/** `code` is told this once. */
export const invitation = z.object({id: z.string(), code: z.string(), expiresAt: instantText});

export const activation = z.object({tenantId: z.string(), role, employeeId: z.string().optional()});
