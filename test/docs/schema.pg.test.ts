// docs/backend-schema.sql says what a migrated database holds, no more and no less.
import {readFileSync} from 'node:fs';
import pg from 'pg';
import {expect, inject, onTestFinished, test} from 'vitest';
import {urlOfDatabase} from '#test/support/postgres-setup.ts';
import {createTestDatabase} from '#test/support/test-database.ts';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({connectionString: url});
  await client.connect();
  return client;
}

async function createFromPage(name: string): Promise<pg.Client> {
  const admin = await connect(inject('postgresUrl'));
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  const client = await connect(urlOfDatabase(inject('postgresUrl'), name));
  onTestFinished(async () => {
    await client.end();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`).finally(() => admin.end());
  });
  await client.query(readFileSync('docs/backend-schema.sql', 'utf8'));
  return client;
}

/** Every column, constraint, index, policy, grant and storage setting of the public schema, as sorted lines. */
async function describe(client: pg.ClientBase | pg.Pool): Promise<string[]> {
  const {rows} = await client.query<{line: string}>(`
    SELECT format('column %s.%s %s null:%s default:%s storage:%s', c.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attstorage) AS line
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT format('options %s %s rls:%s forced:%s', relname, reloptions, relrowsecurity, relforcerowsecurity)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    UNION ALL
    SELECT format('policy %s %s %s %s %s', tablename, policyname, roles, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
    UNION ALL
    SELECT format('grant %s %s %s', c.relname, g.grantee::regrole, g.privilege_type)
    FROM pg_class c, aclexplode(c.relacl) AS g WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('default grant %s %s %s', d.defaclobjtype, g.grantee::regrole, g.privilege_type)
    FROM pg_default_acl d, aclexplode(d.defaclacl) AS g
    UNION ALL
    SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace`);
  return rows.map(({line}) => line).sort();
}

test('the page of the schema builds the same tables as the migrations', async () => {
  const {database, drop} = await createTestDatabase();
  onTestFinished(drop);
  const page = await describe(await createFromPage('schema_page'));
  expect(page.length).toBeGreaterThan(100);
  expect(page).toEqual(await describe(database.pool));
});
