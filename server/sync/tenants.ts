// Making a tenant, and listing one's own.
import {randomUUID} from 'node:crypto';
import type pg from 'pg';
import {z} from 'zod';
import type {Role} from '#crdt/change.ts';
import {line} from '#crdt/entities/field-schemas.ts';
import {tenantId as tenantIdSchema, type TenantId, type UserId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import type {Keyring} from '#db/cipher.ts';
import {listOwnTenants, saveMembership, type OwnTenant} from '#db/memberships.ts';
import {insertTenant} from '#db/tenants.ts';
import {withTenant} from '#db/transaction.ts';

export const createTenantBody = z.strictObject({name: line({max: 200})});

/** Whoever makes a tenant is its manager. */
export async function createTenant(
  {pool, keyring}: {pool: pg.Pool; keyring: Keyring},
  {userId, name}: {userId: UserId; name: string},
): Promise<{id: TenantId; name: string; role: Role}> {
  const id = tenantIdSchema.parse(randomUUID());
  await withTenant(pool, id, async (client) => {
    await insertTenant(client, id, {name, key: keyring.makeTenantKey(id)});
    await saveMembership(client, id, {id: randomUUID(), userId, role: 'manager', employeeId: null});
    const row = {
      action: 'tenant.created',
      entity: 'tenants',
      recordId: id,
      userId,
      deviceId: null,
      summary: 'Made the tenant and became its manager.',
      detail: null,
    };
    await appendAudit(client, id, [row], {changesAccess: true});
  });
  return {id, name, role: 'manager'};
}

/** In order of id. limit: 1 or more. The next page begins after the last item. */
export async function listTenants(
  {pool}: {pool: pg.Pool},
  {userId, after, limit}: {userId: UserId; after?: TenantId | undefined; limit: number},
): Promise<{items: OwnTenant[]; hasMore: boolean}> {
  const found = await listOwnTenants(pool, userId, {after, limit: limit + 1});
  return {items: found.slice(0, limit), hasMore: found.length > limit};
}
