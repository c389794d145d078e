// Which member a request speaks for: its user, in one tenant, on one device. Every edge asks here before it does
// anything, and the answer is never older than MEMBER_KEPT_MS.
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {DeviceId, RecordId, TenantId, UserId} from '#crdt/protocol/ids.ts';
import type {AuditGroup} from '#db/audit.ts';
import {findMembershipChoices, type MembershipChoice, type MembershipQuestion} from '#db/memberships.ts';
import {createDeviceRegistry} from './device-registry.ts';
import {implicitDeviceId} from './devices.ts';
import {gather} from './gather.ts';
import {createLookupCache} from './lookup-cache.ts';

const MEMBERS_CACHED_MAX = 20_000;
/** Members looked up by one statement. */
const LOOKED_UP_MAX = 200;
/** A removed member is refused this long after at the latest, whether this node heard of it or not. */
const MEMBER_KEPT_MS = 1_000;

export interface Member {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly membershipId: string;
  readonly role: Role;
  /** Grows when role or status change: cursors given out before are no longer good. */
  readonly roleVersion: number;
  /** The `employees` record this member works as. */
  readonly employeeId: RecordId | null;
  readonly deviceId: DeviceId;
  /** The tenant's access version that all this was true at. */
  readonly accessVersion: number;
}

export interface MemberRequest {
  readonly userId: UserId;
  /** Absent: the tenant activated for the device, or else the only one. */
  readonly tenantId?: TenantId | undefined;
  /** Absent: the user's implicit device. */
  readonly deviceId?: DeviceId | undefined;
}

export interface Members {
  /**
   * Registers the device on its first use. Throws SyncError `no_membership` (also for a tenant that does not
   * exist), `tenant_required`, `device_taken` or `device_revoked`.
   */
  resolveMember(request: MemberRequest): Promise<Member>;
  /** After a commit that changed who may see or write what in the tenant. */
  forgetTenant(tenantId: TenantId): void;
  /** After the user chose the tenant of a device, or made one. */
  forgetUser(userId: UserId): void;
}

function choose(choices: readonly MembershipChoice[]): MembershipChoice {
  const [first, second] = choices;
  if (first === undefined) throw new SyncError('no_membership');
  if (second !== undefined && !first.isActivated) throw new SyncError('tenant_required');
  return first;
}

export interface MembersDeps {
  readonly pool: pg.Pool;
  /** ms since epoch. */
  readonly now: () => number;
  /** Called after the commit that notes a new device in the log. */
  readonly onLogged?: (tenantId: TenantId, group: AuditGroup) => void;
}

export function createMembers({pool, now, onLogged = () => undefined}: MembersDeps): Members {
  const registry = createDeviceRegistry({pool, onLogged});
  const cache = createLookupCache<Member>({max: MEMBERS_CACHED_MAX, keptMs: MEMBER_KEPT_MS, now});
  const findChoices = gather({
    keyOf: () => '',
    askAll: (questions: readonly MembershipQuestion[]) => findMembershipChoices(pool, questions),
    max: LOOKED_UP_MAX,
  });

  const load = async (request: MemberRequest): Promise<Member> => {
    const {userId} = request;
    const deviceId = request.deviceId ?? implicitDeviceId(userId);
    const choice = choose(await findChoices({userId, tenantId: request.tenantId, deviceId}));
    const {tenantId, membershipId, role, roleVersion, employeeId, accessVersion} = choice;
    if (choice.deviceUserId !== null && choice.deviceUserId !== userId) throw new SyncError('device_taken');
    if (choice.isRevoked) throw new SyncError('device_revoked');
    if (!choice.isFresh) await registry.register(tenantId, {deviceId, userId});
    return {tenantId, userId, membershipId, role, roleVersion, employeeId, deviceId, accessVersion};
  };

  return {
    resolveMember(request) {
      const {userId, tenantId = '', deviceId = ''} = request;
      return cache.get(`${userId} ${tenantId} ${deviceId}`, () => load(request));
    },
    forgetTenant(tenantId) {
      cache.forget((member) => member.tenantId === tenantId);
    },
    forgetUser(userId) {
      cache.forget((member) => member.userId === userId);
    },
  };
}
