// Migrations on databases that have none of them yet, or all.
import pg from 'pg';
import {expect, inject, onTestFinished, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {urlOfDatabase} from '#test/support/postgres-setup.ts';
import {connectDatabase} from './connect.ts';
import {isMigrated, migrateDatabase} from './migrate.ts';

async function createEmptyDatabase(name: string): Promise<string> {
  const client = new pg.Client({connectionString: inject('postgresUrl')});
  await client.connect();
  onTestFinished(async () => {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`).finally(() => client.end());
  });
  await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  return urlOfDatabase(inject('postgresUrl'), name);
}

test('nodes that start at once apply every migration once', async () => {
  const url = await createEmptyDatabase('migrate_at_once');
  const applied = await Promise.all([1, 2, 3].map(() => migrateDatabase(url)));
  expect(applied.filter((tags) => tags.length > 0).length).toBeLessThanOrEqual(1);
  const {pool, end} = connectDatabase({url, poolSize: 1, applicationName: 'test'});
  expect(await isMigrated(pool).finally(end)).toBe(true);
  expect(await migrateDatabase(url)).toEqual([]);
});

test('a database of a test is migrated', async () => {
  const {url, database, drop} = await createTestDatabase();
  onTestFinished(drop);
  expect(await isMigrated(database.pool)).toBe(true);
  expect(await migrateDatabase(url)).toEqual([]);
});
