// The transaction of a tenant, and what is left of a connection after each way it can end.
import type pg from 'pg';
import {afterAll, beforeEach, expect, test} from 'vitest';
import {tenantId} from '#crdt/protocol/ids.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {WAIT} from '#test/support/wait.ts';
import {CommitOutcomeUnknown, withTenant, withTenantsAtOnce} from './transaction.ts';

// One connection, so that whatever a transaction leaves behind meets the next one.
const {database, owner, drop} = await createTestDatabase({poolSize: 1});
const {pool} = database;
afterAll(drop);
const tenant = tenantId.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff');

const another = tenantId.parse('0b6a2f5e-3c7e-4a35-9d3c-7a2b1c0d9e8f');

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

test('statements of several tenants share a connection, each as its tenant and in a transaction of its own', async () => {
  const insert = (value: string) => async (client: pg.ClientBase) => {
    const {rows} = await client.query<{tenant: string}>(
      `INSERT INTO noted VALUES (${value}) RETURNING current_setting('app.tenant_id') AS tenant`,
    );
    return rows[0]?.tenant;
  };
  const settled = await withTenantsAtOnce(pool, [
    {tenantId: tenant, statement: insert('1')},
    {tenantId: tenant, statement: insert('1 / 0')},
    // Refused at COMMIT.
    {tenantId: tenant, statement: insert('1')},
    {tenantId: another, statement: insert('2')},
  ]);
  const [first, second, third, last] = await Promise.allSettled(settled);
  expect(first).toEqual({status: 'fulfilled', value: tenant});
  expect(second).toMatchObject({status: 'rejected', reason: {code: '22012'}});
  expect(third).toMatchObject({status: 'rejected', reason: {code: '23505'}});
  expect(last).toEqual({status: 'fulfilled', value: another});
  expect(await countRows()).toBe(2);
});

test('what was under way for several tenants when their connection broke is unknown, and the next one works', async () => {
  const sleeping = `SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`;
  const asked = withTenantsAtOnce(pool, [
    {tenantId: tenant, statement: (client) => client.query('SELECT pg_sleep(600)')},
    {tenantId: another, statement: (client) => client.query('INSERT INTO noted VALUES (2)')},
  ]);
  await expect.poll(async () => (await owner.query(sleeping)).rowCount, WAIT).toBe(1);
  await owner.query(`SELECT pg_terminate_backend(pid) FROM (${sleeping}) AS s`);
  for (const outcome of await Promise.allSettled(await asked)) {
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(CommitOutcomeUnknown);
  }
  expect(await countRows()).toBe(0);
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{one: 1}]);
});
