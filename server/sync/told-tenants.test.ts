import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createToldTenants} from './told-tenants.ts';

const tenantId = 'a' as TenantId;
const setUp = ({followers = 1} = {}) => {
  const told = createToldTenants({followers: () => followers});
  told.follow({tenantId, accessVersion: 5});
  return told;
};

test('nothing is known of a new tenant but the access version its first follower came with', () => {
  expect(setUp().list()).toEqual([{tenantId, seq: null, accessVersion: 5}]);
});

test('a position counts only once everything before it was told', () => {
  const told = setUp();
  told.upTo(tenantId, 7);
  expect(told.get(tenantId)?.seq).toBeNull();
  told.upTo(tenantId, 6, {isAll: true});
  told.upTo(tenantId, 8);
  told.upTo(tenantId, 7);
  expect(told.get(tenantId)?.seq).toBe(8);
  told.forgetPositions();
  told.upTo(tenantId, 9);
  expect(told.get(tenantId)?.seq).toBeNull();
});

test('access versions only grow, but for a follower who comes with an older one', () => {
  const told = setUp();
  told.access(tenantId, 7);
  told.access(tenantId, 6);
  expect(told.get(tenantId)?.accessVersion).toBe(7);
  told.follow({tenantId, accessVersion: 6});
  expect(told.get(tenantId)?.accessVersion).toBe(6);
});

test.each([
  {followers: 0, left: 0},
  {followers: 1, left: 1},
])('a tenant that $followers still follow', ({followers, left}) => {
  const told = setUp({followers});
  told.unfollow(tenantId);
  expect(told.list()).toHaveLength(left);
});

test('of a tenant that nobody follows nothing is kept', () => {
  const told = setUp();
  told.upTo('b' as TenantId, 3, {isAll: true});
  told.access('b' as TenantId, 3);
  expect(told.get('b' as TenantId)).toBeUndefined();
});
