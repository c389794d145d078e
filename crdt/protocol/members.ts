// Members of a tenant as their managers see them.
import {z} from 'zod';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';
import {role} from './tenants.ts';

const membershipStatus = z.enum(['active', 'removed']);

export const member = z.object({
  userId: z.string(),
  /** Names the membership in the log. */
  membershipId: z.string(),
  role,
  status: membershipStatus,
  /** The `employees` record the member works as. */
  employeeId: z.string().optional(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  createdAt: instantText,
  updatedAt: instantText,
});
export type MemberJson = z.output<typeof member>;

export const membersQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  /** Absent: both. */
  status: membershipStatus.optional(),
});
export type MembersQuery = z.output<typeof membersQuery>;

export const membersResponse = z.object({
  items: z.array(member),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

export const roleBody = z.strictObject({role});
