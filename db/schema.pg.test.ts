// What the migrated database holds, against what the code relies on.
import {afterAll, expect, test} from 'vitest';
import {entities, entityNames} from '#crdt/entities/registry.ts';
import {storedColumns} from '#crdt/entities/fields.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {readDatabaseEpoch} from './database-epoch.ts';
import {takeServerReplica} from './replicas.ts';

const {database, owner, drop} = await createTestDatabase();
const {pool} = database;
afterAll(drop);

const typeNames: Readonly<Record<string, string>> = {timestamptz: 'timestamp with time zone'};

test.each(entityNames)(
  'the table of %s has a column of the right type for every declared field',
  async (name) => {
    const {rows} = await pool.query<{column: string; type: string}>(
      `SELECT column_name AS column, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1`,
      [name],
    );
    const typesByColumn = new Map(rows.map(({column, type}) => [column, type]));
    for (const {column, sqlType} of storedColumns(entities[name]))
      expect([column, typesByColumn.get(column)]).toEqual([column, typeNames[sqlType] ?? sqlType]);
  },
);

test('sealed bytes are stored without an attempt to compress them', async () => {
  const {rows} = await pool.query<{storage: string}>(
    `SELECT attstorage AS storage FROM pg_attribute WHERE attrelid = 'records'::regclass AND attname = 'body'`,
  );
  expect(rows[0]?.storage).toBe('e');
});

test('a database has one epoch, given when it was migrated', async () => {
  expect(await readDatabaseEpoch(pool)).toMatch(/^[0-9a-f-]{36}\/\d+\/\d+\/[0-9A-F]{8}$/);
  await expect(owner.query('INSERT INTO database_epoch DEFAULT VALUES')).rejects.toThrow(
    'database_epoch_pkey',
  );
});

test('server replica numbers are never given twice', async () => {
  const numbers = await Promise.all(Array.from({length: 10}, () => takeServerReplica(pool)));
  expect(new Set(numbers).size).toBe(10);
});
