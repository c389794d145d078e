import {expect, test} from 'vitest';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import {createSocketPlaces} from './socket-places.ts';

const refusal = expect.objectContaining({code: 'too_many_sockets'}) as Error;

/** Opens sockets of users in tenants, named by a letter each; answers what ends one. */
function setUp(max: {user: number; tenant: number}) {
  const places = createSocketPlaces(max);
  const open = (user: string, tenant: string): (() => void) => {
    let end = (): void => undefined;
    const connection = {onEnd: (cleanup: () => void) => void (end = cleanup)};
    places.take(connection, {userId: user as UserId, tenantId: tenant as TenantId});
    return () => end();
  };
  return {places, open};
}

test('a user has as many sockets as allowed, whichever tenants they are in', () => {
  const {open} = setUp({user: 2, tenant: 9});
  open('ana', 'one');
  open('ana', 'two');
  expect(() => open('ana', 'one')).toThrow(refusal);
  expect(() => open('ana', 'three')).toThrow(refusal);
  open('bo', 'one');
});

test('a tenant has as many sockets as allowed, whoever of it opens them', () => {
  const {open} = setUp({user: 9, tenant: 2});
  open('ana', 'one');
  open('bo', 'one');
  expect(() => open('cy', 'one')).toThrow(refusal);
  open('cy', 'two');
});

test('a socket that ends leaves its place, and one that was refused took none', () => {
  const {places, open} = setUp({user: 1, tenant: 1});
  const end = open('ana', 'one');
  expect(() => open('ana', 'two')).toThrow(refusal);
  expect(() => open('bo', 'one')).toThrow(refusal);
  end();
  expect(places.size()).toBe(0);
  open('ana', 'two');
  open('bo', 'one');
});

test('a connection that ended while it was asked who it is keeps no place', () => {
  const {places} = setUp({user: 1, tenant: 1});
  const ended = {onEnd: (cleanup: () => void) => cleanup()};
  places.take(ended, {userId: 'ana' as UserId, tenantId: 'one' as TenantId});
  expect(places.size()).toBe(0);
});
