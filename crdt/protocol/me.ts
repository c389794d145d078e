// Who the caller is: `GET /v1/me`.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {device} from './devices.ts';
import {role, tenant} from './tenants.ts';

export const me = z.object({
  id: uuidText,
  email: z.string().nullable(),
  name: z.string().nullable(),
  tenants: z.array(tenant).describe('The first LIST_LIMIT_MAX; `GET /v1/tenants` has them all.'),
  activeTenantId: uuidText
    .nullable()
    .describe(
      'The tenant this device works in when a request names none; null if none was activated for it.',
    ),
  member: z
    .object({tenantId: uuidText, role, employeeId: uuidText.optional(), deviceId: uuidText})
    .nullable()
    .describe('The member this request speaks for; null if it names no tenant and there is no only one.'),
  device: device.nullable().describe("The device this request speaks for, as the member's tenant knows it."),
});
export type Me = z.output<typeof me>;
