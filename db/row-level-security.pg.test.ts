// Row-level security: what a statement sees that forgot its tenant, or names another's, and that nothing of one
// transaction's role or tenant is left for the next one on its connection.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {listOwnTenants} from './memberships.ts';
import {forgetPushResults} from './push-results.ts';
import {asWorker, withoutTenant, withTenant, withTenantAtOnce, withTenantSnapshot} from './transaction.ts';
import {listTenantIds} from './verify-reads.ts';

// One connection, so that whatever a transaction leaves behind meets the next one.
const {database, owner, drop} = await createTestDatabase({poolSize: 1});
const {pool} = database;
afterAll(drop);

let ours: TenantId;
let theirs: TenantId;
beforeAll(async () => {
  const tenancy = createTenancy(pool);
  [{tenantId: ours}, {tenantId: theirs}] = [await tenancy.newTenant(), await tenancy.newTenant()];
  for (const tenantId of [ours, theirs])
    await withTenant(pool, tenantId, (client) => client.query(insertSeries, [tenantId]));
});

const insertSeries = `INSERT INTO series (tenant_id, key) VALUES ($1, 'first')`;
const REFUSED = 'row-level security';

/** Tables of tenants, and the column that names the tenant. */
async function listTenantTables(): Promise<{table: string; key: string}[]> {
  const {rows} = await owner.query<{table: string; key: string}>(`
    SELECT table_name AS table, column_name AS key FROM information_schema.columns
    WHERE table_schema = 'public' AND (column_name = 'tenant_id' OR table_name = 'tenants' AND column_name = 'id')
    ORDER BY 1`);
  return rows;
}

/** What a statement would run as now, without a transaction of its own. */
async function readSession(): Promise<{role: string; tenant: string | null}> {
  const {rows} = await pool.query<{role: string; tenant: string | null}>(
    `SELECT current_user AS role, nullif(current_setting('app.tenant_id', true), '') AS tenant`,
  );
  return rows[0]!;
}
const harmless = {role: 'app', tenant: null};

describe('every table of a tenant', () => {
  test('is protected, from its owner too, and lets in `app` by its tenant and `worker`', async () => {
    const tables = await listTenantTables();
    expect(tables.length).toBeGreaterThan(15);
    const {rows} = await owner.query<{table: string; forced: boolean; roles: string[]; rule: string}>(`
      SELECT c.relname AS table, c.relrowsecurity AND c.relforcerowsecurity AS forced,
             array_agg(p.polroles::regrole[]::text || p.polcmd::text ORDER BY p.polname) AS roles,
             string_agg(pg_get_expr(p.polqual, p.polrelid), ' ' ORDER BY p.polname) AS rule
      FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid GROUP BY c.oid, c.relname ORDER BY c.relname`);
    expect(rows).toEqual(
      tables.map(({table, key}) => ({
        table,
        forced: true,
        roles: ['{worker}*', '{app}*'],
        rule: `true (${key} = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`,
      })),
    );
  });

  // I20 of docs/reliability.md.
  test('shows nothing to a statement without a tenant, and takes no row from one', async () => {
    for (const {table, key} of await listTenantTables()) {
      expect([table, (await pool.query(`SELECT FROM ${table}`)).rowCount]).toEqual([table, 0]);
      const insert = pool.query(`INSERT INTO ${table} (${key}) VALUES ($1)`, [randomUUID()]);
      await expect(insert, table).rejects.toThrow(REFUSED);
    }
    expect((await owner.query('SELECT FROM tenants')).rowCount).toBe(2);
  });

  test('shows nothing of another tenant', async () => {
    for (const {table, key} of await listTenantTables()) {
      const {rowCount} = await withTenant(pool, ours, (client) =>
        client.query(`SELECT FROM ${table} WHERE ${key} <> $1`, [ours]),
      );
      expect([table, rowCount]).toEqual([table, 0]);
    }
  });
});

describe("another tenant's rows", () => {
  const count = async (): Promise<number | null> =>
    (await owner.query(`SELECT FROM series WHERE tenant_id = $1 AND next = 1`, [theirs])).rowCount;

  test.each([
    `INSERT INTO series (tenant_id, key) VALUES ($1, 'second')`,
    `INSERT INTO series (tenant_id, key) VALUES ($1, 'first') ON CONFLICT (tenant_id, key) DO UPDATE SET next = 9`,
    `UPDATE series SET tenant_id = $1, key = 'moved'`,
  ])('are not made: %s', async (text) => {
    const trespass = withTenant(pool, ours, (client) => client.query(text, [theirs]));
    await expect(trespass).rejects.toThrow(REFUSED);
    expect(await count()).toBe(1);
  });

  test.each([
    `UPDATE series SET next = 9 WHERE tenant_id = $1`,
    `DELETE FROM series WHERE tenant_id = $1`,
    `SELECT FROM series WHERE tenant_id = $1 FOR UPDATE`,
  ])('are not met: %s', async (text) => {
    const {rowCount} = await withTenant(pool, ours, (client) => client.query(text, [theirs]));
    expect(rowCount).toBe(0);
    expect(await count()).toBe(1);
  });
});

describe('one connection for all', () => {
  const countSeries = async (tenantId: TenantId): Promise<number | null> =>
    withTenant(pool, tenantId, async (client) => (await client.query('SELECT FROM series')).rowCount);

  test('two tenants in turn see their own rows each', async () => {
    for (let turn = 0; turn < 20; turn++) {
      expect(await countSeries(turn % 2 === 0 ? ours : theirs)).toBe(1);
      expect(await readSession()).toEqual(harmless);
    }
  });

  const endings: readonly {how: string; run: () => Promise<unknown>}[] = [
    {how: 'a commit', run: () => withTenant(pool, ours, (client) => client.query('SELECT 1'))},
    {how: 'a snapshot', run: () => withTenantSnapshot(pool, ours, (client) => client.query('SELECT 1'))},
    {
      how: 'one round trip',
      run: () => withTenantAtOnce(pool, ours, (client) => client.query({text: 'SELECT 1'})),
    },
    {how: 'a worker', run: () => asWorker(pool, (client) => client.query('SELECT 1'))},
    {how: 'no tenant', run: () => withoutTenant(pool, (client) => client.query('SELECT 1'))},
    {how: 'an error of the work', run: () => withTenant(pool, ours, () => Promise.reject(new Error('no')))},
    {
      how: 'a statement that fails',
      run: () => withTenant(pool, ours, (client) => client.query('SELECT 1 / 0')),
    },
    {
      how: 'the same in one trip',
      run: () => withTenantAtOnce(pool, ours, (client) => client.query({text: 'SELECT 1 / 0'})),
    },
    {how: 'the same of a worker', run: () => asWorker(pool, (client) => client.query('SELECT 1 / 0'))},
    {
      how: 'a failure that nobody heard of',
      run: () => withTenant(pool, ours, (client) => client.query('SELECT 1 / 0').catch(() => undefined)),
    },
    {
      how: 'a statement cut off by its time limit',
      run: () =>
        withTenant(pool, ours, async (client) => {
          await client.query(`SET LOCAL statement_timeout = '20ms'`);
          await client.query('SELECT pg_sleep(10)');
        }),
    },
    {
      how: 'an answer that did not come in time',
      run: () =>
        withTenant(pool, ours, (client) => {
          const query = {text: 'SELECT pg_sleep(0.2)', query_timeout: 20};
          return client.query(query);
        }),
    },
    {
      how: 'a worker whose answer did not come in time',
      run: () =>
        asWorker(pool, (client) => {
          const query = {text: 'SELECT pg_sleep(0.2)', query_timeout: 20};
          return client.query(query);
        }),
    },
    {
      how: 'a session ended for idling in its transaction',
      run: () =>
        withTenant(pool, ours, async (client) => {
          await client.query(`SET LOCAL idle_in_transaction_session_timeout = '20ms'`);
          await new Promise((resolve) => client.once('error', resolve));
        }),
    },
  ];
  test.each(endings)('nothing is left of role and tenant after $how', async ({run}) => {
    await run().catch(() => undefined);
    expect(await readSession()).toEqual(harmless);
    expect((await pool.query('SELECT FROM series')).rowCount).toBe(0);
    expect(await countSeries(theirs)).toBe(1);
  });
});

describe('what crosses tenants', () => {
  test('is read by a worker', async () => {
    expect(await listTenantIds(pool)).toEqual([ours, theirs].toSorted());
    const {rows} = await owner.query<{userId: string}>(
      `SELECT user_id AS "userId" FROM memberships WHERE tenant_id = $1`,
      [ours],
    );
    const [{userId}] = rows as [{userId: never}];
    expect((await listOwnTenants(pool, userId, {after: undefined, limit: 9})).map(({id}) => id)).toEqual([
      ours,
    ]);
  });

  test('is old results alone where a worker deletes; it writes nothing else', async () => {
    await owner.query(
      `INSERT INTO push_results (tenant_id, device_id, change_id, entity, record_id, result, created_at)
       SELECT id, gen_random_uuid(), gen_random_uuid(), 'tasks', gen_random_uuid(), '{}', now() - interval '91 days'
       FROM tenants`,
    );
    expect(await forgetPushResults(pool, 90)).toBe(2);
    for (const text of [
      insertSeries,
      `UPDATE series SET next = 9 WHERE tenant_id = $1`,
      'DELETE FROM series WHERE tenant_id = $1',
    ])
      await expect(asWorker(pool, (client) => client.query(text, [ours]))).rejects.toThrow(
        'permission denied',
      );
  });
});

test('a look-up of a tenant goes by its index whole, and asks for the tenant once and not of each row', async () => {
  const plan = await withTenant(pool, ours, async (client) => {
    await client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    await client.query(`SET LOCAL plan_cache_mode = 'force_generic_plan'`);
    await client.query(
      'PREPARE page AS SELECT body FROM records WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT 9',
    );
    const {rows} = await client.query<Record<string, string>>(`EXPLAIN EXECUTE page ('${ours}', 0)`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
  expect(plan).toContain('Index Scan using records_seq');
  expect(plan).toContain('Index Cond: ((tenant_id = $1) AND (seq > $2))');
  expect(plan).toMatch(/One-Time Filter: .*current_setting/);
});

test('the log is only added to', async () => {
  for (const text of ['DELETE FROM audit_logs', `UPDATE audit_logs SET summary = ''`])
    await expect(withTenant(pool, ours, (client) => client.query(text))).rejects.toThrow('permission denied');
});
