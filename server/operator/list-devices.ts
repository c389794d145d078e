// `fieldmerge devices`: the devices of a tenant.
import type {TenantId} from '#crdt/protocol/ids.ts';
import {listDevices as listRows, type DeviceRow} from '#db/devices.ts';
import {listMembers, type MemberRow} from '#db/memberships.ts';
import {readTenantName} from '#db/tenants.ts';
import {withTenant} from '#db/transaction.ts';
import {tenantOf} from './arguments.ts';
import {columns, CommandError, good, isoMinute, type Command, type CommandDeps} from './outcome.ts';

const PAGE = 500;

/** Throws CommandError where there is no such tenant. */
export async function requireTenant({pool}: Pick<CommandDeps, 'pool'>, tenantId: TenantId): Promise<string> {
  const name = await withTenant(pool, tenantId, (client) => readTenantName(client, tenantId));
  if (name === undefined)
    throw new CommandError(`There is no tenant ${tenantId}. fieldmerge tenants lists them.`);
  return name;
}

/** All of a list that is read in pages by time and id. */
export async function readAll<Row extends {readonly createdAt: Date; readonly id: string}>(
  read: (after: Row | null, limit: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page: Row[] | undefined; page === undefined || page.length === PAGE;) {
    page = await read(rows.at(-1) ?? null, PAGE);
    rows.push(...page);
  }
  return rows;
}

export const listDevices: Command = async (deps, asked) => {
  const tenantId = tenantOf(asked);
  await requireTenant(deps, tenantId);
  const {devices, members} = await withTenant(deps.pool, tenantId, async (client) => ({
    devices: await readAll<DeviceRow>((after, limit) =>
      listRows(client, tenantId, {userId: null, after, limit}),
    ),
    members: await readAll<MemberRow>((after, limit) =>
      listMembers(client, tenantId, {after, status: undefined, limit}),
    ),
  }));
  const roleByUser = new Map(
    members.map(({userId, role, status}) => [userId, status === 'active' ? role : status]),
  );
  const json = devices.map((device) => ({...device, role: roleByUser.get(device.userId) ?? null}));
  const rows = json.map(({id, userId, role, lastSeenAt, revokedAt}) => [
    id,
    `user ${userId}`,
    role ?? 'no member',
    `seen ${isoMinute(lastSeenAt)}`,
    revokedAt === null ? '' : `revoked ${isoMinute(revokedAt)}`,
  ]);
  return good(json, rows.length === 0 ? 'The tenant has no devices.' : columns(rows));
};
