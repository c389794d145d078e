// How far the followers on this node have been told, per tenant: what the counters of the database are compared with.
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {KnownCounter} from '#db/counters.ts';
import type {FanOut} from './fan-out.ts';

export interface ToldTenants {
  /** Somebody follows a tenant from now on, knowing it at this access version. */
  follow(member: {readonly tenantId: TenantId; readonly accessVersion: number}): void;
  /** Somebody follows it no more. A tenant without followers is forgotten. */
  unfollow(tenantId: TenantId): void;
  /** They were told up to here; `isAll`: and of everything before it. */
  upTo(tenantId: TenantId, seq: number, options?: {isAll: boolean}): void;
  access(tenantId: TenantId, accessVersion: number): void;
  /** Nobody can say how far they were told. */
  forgetPositions(): void;
  list(): KnownCounter[];
  get(tenantId: TenantId): Omit<KnownCounter, 'tenantId'> | undefined;
}

export function createToldTenants(fanOut: Pick<FanOut, 'followers'>): ToldTenants {
  const byTenant = new Map<TenantId, {seq: number | null; accessVersion: number}>();
  return {
    follow({tenantId, accessVersion}) {
      const told = byTenant.get(tenantId);
      if (told === undefined) byTenant.set(tenantId, {seq: null, accessVersion});
      // Who comes with what was true before is to be checked once more.
      else told.accessVersion = Math.min(told.accessVersion, accessVersion);
    },
    unfollow(tenantId) {
      if (fanOut.followers(tenantId) === 0) byTenant.delete(tenantId);
    },
    upTo(tenantId, seq, {isAll} = {isAll: false}) {
      const told = byTenant.get(tenantId);
      if (told === undefined) return;
      if (told.seq !== null) told.seq = Math.max(told.seq, seq);
      else if (isAll) told.seq = seq;
    },
    access(tenantId, accessVersion) {
      const told = byTenant.get(tenantId);
      if (told !== undefined) told.accessVersion = Math.max(told.accessVersion, accessVersion);
    },
    forgetPositions() {
      for (const told of byTenant.values()) told.seq = null;
    },
    list: () => [...byTenant].map(([tenantId, told]) => ({tenantId, ...told})),
    get: (tenantId) => byTenant.get(tenantId),
  };
}
