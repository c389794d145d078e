// Keys of tenants as they lie in the database.
import {randomBytes} from 'node:crypto';
import {afterAll, expect, test} from 'vitest';
import {tenantId as tenantIdSchema} from '#crdt/protocol/ids.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {createKeyring} from './cipher.ts';
import {createTenantKeys} from './tenant-keys.ts';

const {database, owner, drop} = await createTestDatabase();
const {pool} = database;
const tenancy = createTenancy(pool);
const {keyring} = tenancy;
afterAll(drop);
const place = {table: 'clients', column: 'email', record: 'a', version: 1};
const plain = Buffer.from('secret');

test('what one process sealed another opens', async () => {
  const {tenantId} = await tenancy.newTenant();
  const cipher = await createTenantKeys({pool, keyring}).cipherOf(tenantId);
  const other = await createTenantKeys({pool, keyring}).cipherOf(tenantId);
  expect(Buffer.from(other.open(cipher.seal(plain, place), place))).toEqual(plain);
});

test('a cipher is opened once while it is kept, and again after it had to leave', async () => {
  const keys = createTenantKeys({pool, keyring, ciphersMax: 2});
  const ids = [await tenancy.newTenant(), await tenancy.newTenant(), await tenancy.newTenant()];
  const [a, b, c] = ids.map(({tenantId}) => tenantId);
  const [first, again] = await Promise.all([keys.cipherOf(a!), keys.cipherOf(a!)]);
  expect(again).toBe(first);
  await keys.cipherOf(b!);
  expect(await keys.cipherOf(a!)).toBe(first);
  await keys.cipherOf(c!);
  expect(await keys.cipherOf(a!)).toBe(first);
  keys.forget(a!);
  expect(await keys.cipherOf(a!)).not.toBe(first);
});

test('a tenant without a key, and a key of another master key, are refused', async () => {
  const {tenantId} = await tenancy.newTenant();
  const refused: unknown = expect.objectContaining({code: 'internal'});
  const unknown = tenantIdSchema.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');
  await expect(createTenantKeys({pool, keyring}).cipherOf(unknown)).rejects.toEqual(refused);
  const foreign = createTenantKeys({pool, keyring: createKeyring({current: randomBytes(32)})});
  await expect(foreign.cipherOf(tenantId)).rejects.toEqual(refused);
});

test('a lookup that failed is not remembered', async () => {
  const {tenantId} = await tenancy.newTenant();
  const keys = createTenantKeys({pool, keyring});
  await owner.query(`UPDATE tenants SET wrapped_key = wrapped_key || '\\x00' WHERE id = $1`, [tenantId]);
  await expect(keys.cipherOf(tenantId)).rejects.toThrow();
  await owner.query(
    `UPDATE tenants SET wrapped_key = substring(wrapped_key FOR length(wrapped_key) - 1) WHERE id = $1`,
    [tenantId],
  );
  await expect(keys.cipherOf(tenantId)).resolves.toBeDefined();
});
