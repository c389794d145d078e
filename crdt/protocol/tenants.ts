// Tenants and joining them, as answered.
import {z} from 'zod';
import {tenantId, uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, nextCursor, pageLimit} from './moments.ts';

export const role = z.enum(['manager', 'employee']);

export const tenant = z.object({
  id: uuidText,
  name: z.string(),
  role,
  employeeId: uuidText.optional().describe('The `employees` record the member works as.'),
});

export const tenantsQuery = z.object({
  since: tenantId.optional().describe('A `nextCursor` of this list.'),
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});

export const tenantsResponse = z.object({
  items: z.array(tenant),
  nextCursor: nextCursor
    .nullable()
    .describe('Where the next page begins. Null for somebody without tenants.'),
  hasMore: z.boolean(),
});

export const delivery = z
  .enum(['clerk', 'code'])
  .describe('`clerk`: Clerk mailed it. `code`: only the code, which a manager hands on.');

const deliveryFailure = z.enum(['limited', 'refused', 'unavailable']);
export type DeliveryFailure = z.output<typeof deliveryFailure>;

export const invitation = z.object({
  id: uuidText,
  code: z
    .string()
    .describe('For the person invited. Told this once, and good however the invitation was delivered.'),
  expiresAt: instantText,
  delivery,
  deliveryFailure: deliveryFailure
    .optional()
    .describe(
      'Why it was not mailed although it should have been. `refused`: never to that address. Otherwise it may be sent again later.',
    ),
});

export const activation = z.object({tenantId: uuidText, role, employeeId: uuidText.optional()});
