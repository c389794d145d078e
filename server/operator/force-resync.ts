// `fieldmerge resync` and `fieldmerge new-epoch`: what devices know no longer counts, and they read everything again.
import type {DeviceId} from '#crdt/protocol/ids.ts';
import {renewDatabaseEpoch} from '#db/database-epoch.ts';
import {forceResync as force} from '#db/force-resync.ts';
import {withTenant} from '#db/transaction.ts';
import {tenantOf} from './arguments.ts';
import {requireTenant} from './list-devices.ts';
import {CommandError, good, type Command} from './outcome.ts';

export const forceResync: Command = async (deps, asked) => {
  const tenantId = tenantOf(asked);
  const name = await requireTenant(deps, tenantId);
  const deviceId = (asked.values.device as DeviceId | undefined) ?? null;
  const whose = deviceId === null ? `all devices of ${name}` : `the devices of who uses ${deviceId}`;
  await deps.confirm(`Make ${whose} read everything again?`);
  const forced = await withTenant(deps.pool, tenantId, (client) => force(client, tenantId, deviceId));
  if (forced === undefined) throw new CommandError(`The tenant has no device ${deviceId ?? ''}.`);
  return good(
    forced,
    `${forced.members} members are told to read everything again, now or when they come back.`,
  );
};

export const renewEpoch: Command = async ({pool, confirm}) => {
  await confirm('Make every device of every tenant read everything again?');
  const epoch = await renewDatabaseEpoch(pool);
  return good({epoch}, `The epoch is ${epoch}. Servers that run still have the old one: start them again.`);
};
