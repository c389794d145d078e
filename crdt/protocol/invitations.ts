// Invitations as a tenant's managers see them. The code is told only by the answer that makes it.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';
import {delivery, role} from './tenants.ts';

const invitationStatus = z.enum(['pending', 'accepted', 'revoked', 'expired']);
export type InvitationStatus = z.output<typeof invitationStatus>;

export const listedInvitation = z.object({
  id: uuidText,
  email: z.string(),
  role,
  status: invitationStatus,
  employeeId: uuidText
    .optional()
    .describe('The `employees` record the invited person is to work as; absent, an employee gets a new one.'),
  createdBy: uuidText,
  createdAt: instantText,
  expiresAt: instantText,
  acceptedBy: uuidText.optional(),
  delivery,
});
export type ListedInvitation = z.output<typeof listedInvitation>;

export const invitationsQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  status: invitationStatus.optional().describe('Absent: all.'),
});
export type InvitationsQuery = z.output<typeof invitationsQuery>;

export const invitationsResponse = z.object({
  items: z.array(listedInvitation),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});
