// What is for managers only.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {lockMembership} from '#db/memberships.ts';
import type {Member} from './members.ts';

/** As known when they asked. Throws SyncError `forbidden` for employees. */
export function requireManager({role}: Pick<Member, 'role'>): void {
  if (role !== 'manager') throw new SyncError('forbidden');
}

/** As it is now, and stays until the transaction ends. Throws SyncError `forbidden` for who is no manager any more. */
export async function requireManagerInside(
  client: pg.ClientBase,
  {tenantId, userId}: Pick<Member, 'tenantId' | 'userId'>,
): Promise<void> {
  const membership = await lockMembership(client, tenantId, {userId, lock: 'share'});
  if (membership?.status !== 'active' || membership.role !== 'manager') throw new SyncError('forbidden');
}
