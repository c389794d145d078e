// The transaction of a tenant, and what is left of a connection after each way it can end.
import {afterAll, beforeEach, expect, test} from 'vitest';
import {tenantId} from '#crdt/protocol/ids.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {CommitOutcomeUnknown, withTenant} from './transaction.ts';

// One connection, so that whatever a transaction leaves behind meets the next one.
const {database, owner, drop} = await createTestDatabase({poolSize: 1});
const {pool} = database;
afterAll(drop);
const tenant = tenantId.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');

const currentTenant = `SELECT current_setting('app.tenant_id', true) AS tenant`;
const countRows = async () =>
  (await owner.query<{count: number}>('SELECT count(*) FROM noted')).rows[0]?.count;

beforeEach(async () => {
  await owner.query(
    'DROP TABLE IF EXISTS noted; CREATE TABLE noted (value int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)',
  );
});

test('the tenant is set inside the transaction and gone after it', async () => {
  const {rows} = await withTenant(pool, tenant, (client) => client.query<{tenant: string}>(currentTenant));
  expect(rows[0]?.tenant).toBe(tenant);
  expect((await pool.query<{tenant: string}>(currentTenant)).rows[0]?.tenant).toBe('');
});

test('what the work resolves to is committed', async () => {
  await withTenant(pool, tenant, (client) => client.query('INSERT INTO noted VALUES (1)'));
  expect(await countRows()).toBe(1);
});

test('an error of the work is passed on, rolls back, and the connection is used again', async () => {
  const pidOf = async () => (await pool.query<{pid: number}>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  const pid = await pidOf();
  const failing = withTenant(pool, tenant, async (client) => {
    await client.query('INSERT INTO noted VALUES (1)');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await countRows()).toBe(0);
  expect(await pidOf()).toBe(pid);
});

test('a failed statement whose error the work swallows is not reported as committed', async () => {
  const swallowing = withTenant(pool, tenant, async (client) => {
    await client.query('INSERT INTO noted VALUES (1)');
    await client.query('SELECT 1 / 0').catch(() => undefined);
  });
  await expect(swallowing).rejects.toThrow('rolled back');
  expect(await countRows()).toBe(0);
});

test('a constraint checked at COMMIT fails as what it is, not as unknown', async () => {
  const doubled = withTenant(pool, tenant, (client) => client.query('INSERT INTO noted VALUES (1), (1)'));
  await expect(doubled).rejects.toMatchObject({code: '23505'});
  expect(await countRows()).toBe(0);
});

test('a connection lost before COMMIT is answered is an unknown outcome, and the next one works', async () => {
  const lost = withTenant(pool, tenant, async (client) => {
    await client.query('INSERT INTO noted VALUES (1)');
    const {rows} = await client.query<{pid: number}>('SELECT pg_backend_pid() AS pid');
    await owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  });
  await expect(lost).rejects.toThrow(CommitOutcomeUnknown);
  expect(await countRows()).toBe(0);
});
