// Registers devices as they turn up. After a restart those of a tenant come together: whoever comes while a
// transaction of their tenant is under way shares the next one, so that a crowd takes one connection and one place in
// the log per tenant at a time, not one each.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {GROUP_ATTEMPTS_MAX} from '#crdt/protocol/limits.ts';
import {appendAudit, type AuditGroup} from '#db/audit.ts';
import type {DeviceClaim} from '#db/devices.ts';
import {withTenantPlanned} from '#db/transaction.ts';
import {faultOf} from './database-fault.ts';
import {registerDevices, type Registration} from './devices.ts';

export interface DeviceRegistryDeps {
  readonly pool: pg.Pool;
  /** Called after the commit that notes new devices in the log. */
  readonly onLogged: (tenantId: TenantId, group: AuditGroup) => void;
}

export interface DeviceRegistry {
  /** Throws SyncError `device_taken` or `device_revoked`. */
  register(tenantId: TenantId, device: DeviceClaim): Promise<void>;
}

/** Of one transaction. */
const DEVICES_MAX = 200;

interface Waiting {
  readonly device: DeviceClaim;
  readonly settle: (registration: Registration) => void;
  readonly fail: (error: unknown) => void;
}

export function createDeviceRegistry({pool, onLogged}: DeviceRegistryDeps): DeviceRegistry {
  /** Per tenant with a transaction under way: who waits for the next. */
  const queues = new Map<TenantId, Waiting[]>();

  const commitOnce = async (tenantId: TenantId, devices: readonly DeviceClaim[]): Promise<Registration[]> => {
    const {registrations, group} = await withTenantPlanned(pool, tenantId, async (client) => {
      const registrations = await registerDevices(client, tenantId, devices);
      const rows = registrations.flatMap((one) => (one instanceof SyncError ? [] : one));
      return {registrations, group: rows.length === 0 ? null : await appendAudit(client, tenantId, rows)};
    });
    if (group !== null) onLogged(tenantId, group);
    return registrations;
  };

  const commit = async (tenantId: TenantId, devices: readonly DeviceClaim[]): Promise<Registration[]> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await commitOnce(tenantId, devices);
      } catch (error) {
        // It had to give way to another transaction, and nothing of it is left: it goes again at once.
        if (faultOf(error) !== 'race' || attempt >= GROUP_ATTEMPTS_MAX) throw error;
      }
    }
  };

  const run = async (tenantId: TenantId, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0, DEVICES_MAX);
      await commit(
        tenantId,
        batch.map(({device}) => device),
      ).then(
        (registrations) => batch.forEach(({settle}, index) => settle(registrations[index] ?? [])),
        (error: unknown) => batch.forEach(({fail}) => fail(error)),
      );
    }
    queues.delete(tenantId);
  };

  return {
    async register(tenantId, device) {
      const registration = await new Promise<Registration>((settle, fail) => {
        const waiting = queues.get(tenantId);
        const queue = waiting ?? [];
        queue.push({device, settle, fail});
        if (waiting !== undefined) return;
        queues.set(tenantId, queue);
        void run(tenantId, queue);
      });
      if (registration instanceof SyncError) throw registration;
    },
  };
}
