// What a sealed value withstands. The keys are of this test alone.
import {randomBytes} from 'node:crypto';
import {describe, expect, test} from 'vitest';
import {tenantId} from '#crdt/protocol/ids.ts';
import {createKeyring, SEALED_OVERHEAD, type SealPlace} from './cipher.ts';

const tenant = tenantId.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');
const otherTenant = tenantId.parse('0b1c7a52-54f1-4b6e-9a4e-52d1c3f0a9d1');
const masterKey = randomBytes(32);
const keyring = createKeyring({current: masterKey});
const wrapped = keyring.makeTenantKey(tenant);
const cipher = keyring.openTenantKey(tenant, wrapped);
const place: SealPlace = {table: 'clients', column: 'email', record: 'a1', version: 3};
const plain = Buffer.from('anna@example.com');
const fails: unknown = expect.objectContaining({code: 'internal'});

describe('a sealed value', () => {
  test('opens in its place, and shows nothing of what it holds', () => {
    const sealed = cipher.seal(plain, place);
    expect(Buffer.from(cipher.open(sealed, place))).toEqual(plain);
    expect(Buffer.from(sealed).includes('anna')).toBe(false);
    expect(sealed.length).toBe(plain.length + SEALED_OVERHEAD);
  });

  test('may be empty, or half a megabyte', () => {
    for (const value of [Buffer.alloc(0), randomBytes(512 * 1024)])
      expect(value.equals(cipher.open(cipher.seal(value, place), place))).toBe(true);
  });

  test('differs each time', () => {
    const all = Array.from({length: 2000}, () => Buffer.from(cipher.seal(plain, place)).toString('hex'));
    expect(new Set(all).size).toBe(2000);
  });

  test.each<[string, Partial<SealPlace>]>([
    ['table', {table: 'employees'}],
    ['column', {column: 'phone'}],
    ['record', {record: 'a2'}],
    ['version', {version: 4}],
    ['version by 2^32', {version: 3 + 2 ** 32}],
    ['table and column, cut elsewhere', {table: 'client', column: 'semail'}],
    ['column and record, cut elsewhere', {column: 'emaila', record: '1'}],
  ])('does not open in another %s', (_, change) => {
    const sealed = cipher.seal(plain, place);
    expect(() => cipher.open(sealed, {...place, ...change})).toThrow(fails);
  });

  // I26 of docs/reliability.md.
  test('does not open for another tenant, even under the same key', () => {
    const sealed = cipher.seal(plain, place);
    const other = keyring.openTenantKey(otherTenant, keyring.makeTenantKey(otherTenant));
    expect(() => other.open(sealed, place)).toThrow(fails);
    expect(() => keyring.openTenantKey(otherTenant, wrapped)).toThrow(fails);
  });

  test('does not open when any byte of it is altered, or when it is cut', () => {
    const sealed = cipher.seal(plain, place);
    for (let at = 0; at < sealed.length; at++) {
      const altered = Uint8Array.from(sealed);
      altered[at]! ^= 1;
      expect(() => cipher.open(altered, place)).toThrow(fails);
      expect(() => cipher.open(sealed.subarray(0, at), place)).toThrow(fails);
    }
  });

  test('opens from bytes that lie inside a larger buffer', () => {
    const sealed = cipher.seal(plain, place);
    const larger = new Uint8Array(sealed.length + 10);
    larger.set(sealed, 5);
    expect(Buffer.from(cipher.open(larger.subarray(5, 5 + sealed.length), place))).toEqual(plain);
  });
});

describe('a fingerprint', () => {
  const column = {table: 'clients', column: 'email'};
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const print = hex(cipher.fingerprint(column, 'anna@example.com'));

  test('is the same for equal values, as text or bytes, whoever opens the key and under which master key', () => {
    const newer = createKeyring({current: randomBytes(32), old: [masterKey]});
    const rewrapped = newer.rewrap(tenant, wrapped)!;
    expect(print).toMatch(/^[0-9a-f]{32}$/);
    for (const same of [
      cipher,
      keyring.openTenantKey(tenant, wrapped),
      newer.openTenantKey(tenant, rewrapped),
    ])
      expect(hex(same.fingerprint(column, plain))).toBe(print);
  });

  test.each<[string, {table: string; column: string}, string]>([
    ['value', column, 'anna@example.co'],
    ['table', {...column, table: 'employees'}, 'anna@example.com'],
    ['column', {...column, column: 'phone'}, 'anna@example.com'],
    ['table and column, cut elsewhere', {table: 'client', column: 'semail'}, 'anna@example.com'],
  ])('differs for another %s', (_, place, value) => {
    expect(hex(cipher.fingerprint(place, value))).not.toBe(print);
  });

  test('differs for another tenant, even under the same key', () => {
    const other = keyring.openTenantKey(otherTenant, keyring.makeTenantKey(otherTenant));
    expect(hex(other.fingerprint(column, plain))).not.toBe(print);
  });
});

describe('master keys', () => {
  const newer = createKeyring({current: randomBytes(32), old: [masterKey]});

  test('an old one still opens a tenant, and what it sealed', () => {
    const sealed = cipher.seal(plain, place);
    expect(Buffer.from(newer.openTenantKey(tenant, wrapped).open(sealed, place))).toEqual(plain);
  });

  test('re-wrapping moves a tenant to the current one and keeps its key', () => {
    const moved = newer.rewrap(tenant, wrapped)!;
    expect(moved.masterKeyId).toBe(newer.currentId);
    expect(newer.rewrap(tenant, moved)).toBeUndefined();
    const sealed = cipher.seal(plain, place);
    expect(Buffer.from(newer.openTenantKey(tenant, moved).open(sealed, place))).toEqual(plain);
  });

  test('a missing one, an altered row and another version are refused', () => {
    const without = createKeyring({current: randomBytes(32)});
    expect(() => without.openTenantKey(tenant, wrapped)).toThrow(fails);
    expect(() => keyring.openTenantKey(tenant, {...wrapped, keyVersion: 2})).toThrow(fails);
  });

  test('one that is not 32 bytes long is refused', () => {
    expect(() => createKeyring({current: randomBytes(31)})).toThrow('32 bytes');
  });
});
