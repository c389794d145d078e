// Members of a tenant as their managers see them.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';
import {role} from './tenants.ts';

const membershipStatus = z.enum(['active', 'removed']);

export const member = z.object({
  userId: uuidText,
  membershipId: uuidText.describe('Names the membership in the log.'),
  role,
  status: membershipStatus,
  employeeId: uuidText.optional().describe('The `employees` record the member works as.'),
  name: z.string().nullable(),
  email: z.string().nullable(),
  createdAt: instantText,
  updatedAt: instantText,
});
export type MemberJson = z.output<typeof member>;

export const membersQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  status: membershipStatus.optional().describe('Absent: both.'),
});
export type MembersQuery = z.output<typeof membersQuery>;

export const membersResponse = z.object({
  items: z.array(member),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

export const roleBody = z.strictObject({role});
