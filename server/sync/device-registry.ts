// Registers devices as they turn up. After a restart those of all tenants come together: whoever comes while others are
// being registered goes with the next, each tenant's in one transaction and all of them in one message, so that a crowd
// takes one connection and one place in each log at a time, not one per device.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {GROUP_ATTEMPTS_MAX} from '#crdt/protocol/limits.ts';
import type {AuditGroup} from '#db/audit.ts';
import {registerDevicesLogged, type DeviceClaim, type RegisteredDevice} from '#db/devices.ts';
import {withTenantPlanned, withTenantsAtOnce, type TenantStatement} from '#db/transaction.ts';
import {faultOf} from './database-fault.ts';
import {assertRegistered, DEVICE_ADDED} from './devices.ts';
import {gatherByTenant} from './gather-by-tenant.ts';

export interface DeviceRegistryDeps {
  readonly pool: pg.Pool;
  /** Called after the commit that notes new devices in the log. */
  readonly onLogged: (tenantId: TenantId, group: AuditGroup) => void;
}

export interface DeviceRegistry {
  /** Throws SyncError `device_taken` or `device_revoked`. */
  register(tenantId: TenantId, device: DeviceClaim): Promise<void>;
}

/** Sent together at most. */
const DEVICES_MAX = 200;

interface Arrival extends DeviceClaim {
  readonly tenantId: TenantId;
}

type Registered = Awaited<ReturnType<typeof registerDevicesLogged>>;

export function createDeviceRegistry({pool, onLogged}: DeviceRegistryDeps): DeviceRegistry {
  const save = (client: pg.ClientBase, [first, ...rest]: readonly [Arrival, ...Arrival[]]) =>
    registerDevicesLogged(client, first.tenantId, {claims: [first, ...rest], added: DEVICE_ADDED});

  /** Where it had to give way to another transaction nothing of it is left: it goes again at once. */
  const insist = async (
    answered: Promise<Registered>,
    arrivals: readonly [Arrival, ...Arrival[]],
  ): Promise<Registered> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await answered;
      } catch (error) {
        if (faultOf(error) !== 'race' || attempt >= GROUP_ATTEMPTS_MAX) throw error;
        answered = withTenantPlanned(pool, arrivals[0].tenantId, (client) => save(client, arrivals));
      }
    }
  };

  const registerTogether = gatherByTenant({
    send: (asked: readonly TenantStatement<Registered>[]) => withTenantsAtOnce(pool, asked),
    keyOf: ({tenantId}: Arrival) => tenantId,
    ask: save,
    async finish(answered, arrivals): Promise<readonly RegisteredDevice[]> {
      const {registered, group} = await insist(answered, arrivals);
      if (group !== null) onLogged(arrivals[0].tenantId, group);
      return registered;
    },
    max: DEVICES_MAX,
  });

  return {
    async register(tenantId, {deviceId, userId}) {
      const registered = await registerTogether({tenantId, deviceId, userId});
      assertRegistered(registered.find((one) => one.deviceId === deviceId && one.userId === userId));
    },
  };
}
