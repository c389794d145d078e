// The devices of a tenant: everybody sees and revokes their own, managers all of them.
import type pg from 'pg';
import type {DeviceJson, DevicesQuery} from '#crdt/protocol/devices.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {DeviceId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import {findDevice, listDevices as listRows, revokeDevice as revokeRow, type DeviceRow} from '#db/devices.ts';
import {lockMembership} from '#db/memberships.ts';
import {withTenant} from '#db/transaction.ts';
import type {ActivationDeps} from './activation.ts';
import {pageOf, readPlace, type ListPage} from './list-place.ts';
import type {Member} from './members.ts';

/** In the order in which the tenant met them. Throws SyncError `forbidden` if an employee asks for all, `bad_cursor`. */
export async function listDevices(
  {pool}: {pool: pg.Pool},
  member: Member,
  {since, limit, all}: DevicesQuery,
): Promise<ListPage<DeviceJson>> {
  const {tenantId, role} = member;
  const isAll = all === 'true';
  if (isAll && role !== 'manager') throw new SyncError('forbidden');
  const after = readPlace(since);
  const rows = await withTenant(pool, tenantId, (client) =>
    listRows(client, tenantId, {userId: isAll ? null : member.userId, after, limit: limit + 1}),
  );
  return pageOf(rows, {
    limit,
    cursor: since,
    placeOf: (row) => row,
    toItem: (row) => deviceJson(row, member),
  });
}

export function deviceJson(row: DeviceRow, {deviceId}: Pick<Member, 'deviceId'>): DeviceJson {
  const {id, userId, createdAt, lastSeenAt, revokedAt} = row;
  return {
    id,
    userId,
    isCurrent: id === deviceId,
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    ...(revokedAt === null ? {} : {revokedAt: revokedAt.toISOString()}),
  };
}

/**
 * The device is refused from now on in this tenant, and its connections end. Throws SyncError `not_found`, also for
 * somebody else's device unless `member` is a manager when it commits; one revoked already stays so.
 */
export async function revokeDevice(
  deps: Pick<ActivationDeps, 'pool' | 'onAccessChanged'>,
  member: Member,
  id: DeviceId,
): Promise<DeviceJson> {
  const {tenantId, userId, deviceId} = member;
  const {row, group} = await withTenant(deps.pool, tenantId, async (client) => {
    const membership = await lockMembership(client, tenantId, {userId, lock: 'share'});
    if (membership?.status !== 'active') throw new SyncError('no_membership');
    const found = await findDevice(client, tenantId, id);
    if (found === undefined || (found.userId !== userId && membership.role !== 'manager'))
      throw new SyncError('not_found');
    const revoked = await revokeRow(client, tenantId, id);
    if (revoked === undefined) return {row: found, group: null};
    const summary = 'Revoked a device.';
    const logged = {
      action: 'device.revoked',
      entity: 'devices',
      recordId: id,
      userId,
      deviceId,
      summary,
      detail: null,
    };
    return {row: revoked, group: await appendAudit(client, tenantId, [logged], {changesAccess: true})};
  });
  if (group !== null) deps.onAccessChanged(tenantId, group);
  return deviceJson(row, member);
}
