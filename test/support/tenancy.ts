// Users and tenants for tests that are about something else: made through the same use cases as in the server.
import {randomBytes, randomUUID} from 'node:crypto';
import type pg from 'pg';
import type {Role} from '#crdt/change.ts';
import {deviceId, type DeviceId, type TenantId} from '#crdt/protocol/ids.ts';
import {createKeyring, type Keyring} from '#db/cipher.ts';
import {activate, type ActivationDeps} from '#server/sync/activation.ts';
import {invite} from '#server/sync/invitations.ts';
import {createMembers, type Member} from '#server/sync/members.ts';
import {createTenant} from '#server/sync/tenants.ts';
import {createUsers, type User} from '#server/sync/users.ts';

export interface Tenancy {
  readonly keyring: Keyring;
  /** With a verified address. */
  readonly newUser: (name?: string) => Promise<User>;
  /** A new tenant and its manager, on a device of their own. */
  readonly newTenant: () => Promise<{tenantId: TenantId; manager: Member}>;
  /** A new user who accepts an invitation of `manager`. */
  readonly newMember: (manager: Member, role: Role) => Promise<Member>;
  /** The same user on another device. */
  readonly onNewDevice: (member: Member) => Promise<Member>;
}

export const newDeviceId = (): DeviceId => deviceId.parse(randomUUID());

/** employees: what makes the records of new employees; absent, no records are made. */
export function createTenancy(
  pool: pg.Pool,
  employees: Partial<Pick<ActivationDeps, 'createEmployeeRecord' | 'setEmployeeUser'>> = {},
  keyring = createKeyring({current: randomBytes(32)}),
): Tenancy {
  const users = createUsers({pool, now: Date.now});
  const members = createMembers({pool, now: Date.now});
  const deps: ActivationDeps = {
    pool,
    createEmployeeRecord: () => Promise.resolve(),
    setEmployeeUser: () => Promise.resolve(),
    onAccessChanged: () => undefined,
    ...employees,
  };

  const newUser = (name = 'Ana Example') => {
    const subject = `user_${randomUUID()}`;
    return users.resolveUser({subject, email: `${subject}@example.com`, emailVerified: true, name});
  };
  return {
    keyring,
    newUser,
    async newTenant() {
      const {id: userId} = await newUser();
      const {id: tenantId} = await createTenant({pool, keyring}, {userId, name: 'Example Services'});
      return {tenantId, manager: await members.resolveMember({userId, tenantId, deviceId: newDeviceId()})};
    },
    async newMember(manager, role) {
      const user = await newUser();
      const {tenantId} = manager;
      const {code} = await invite({pool}, manager, {email: user.email ?? '', role});
      const device = newDeviceId();
      await activate(deps, {user, tenantId, deviceId: device, inviteCode: code});
      return members.resolveMember({userId: user.id, tenantId, deviceId: device});
    },
    onNewDevice: ({userId, tenantId}) => members.resolveMember({userId, tenantId, deviceId: newDeviceId()}),
  };
}
