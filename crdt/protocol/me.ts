// Who the caller is: `GET /v1/me`.
import {z} from 'zod';
import {device} from './devices.ts';
import {role, tenant} from './tenants.ts';

export const me = z.object({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  /** The first LIST_LIMIT_MAX; `GET /v1/tenants` has them all. */
  tenants: z.array(tenant),
  /** The tenant this device works in when a request names none; null if none was activated for it. */
  activeTenantId: z.string().nullable(),
  /** The member this request speaks for; null if it names no tenant and there is no only one. */
  member: z
    .object({tenantId: z.string(), role, employeeId: z.string().optional(), deviceId: z.string()})
    .nullable(),
  /** The device this request speaks for, as the member's tenant knows it. */
  device: device.nullable(),
});
export type Me = z.output<typeof me>;
