// What a command says where there is no database to work on, and that it makes none.
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, inject, onTestFinished, test} from 'vitest';
import {urlOfDatabase} from '#test/support/postgres-setup.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {withCommandDatabase, UnusableDatabase} from './command-database.ts';
import {readConfig} from './config.ts';

async function whyUnusable(env: Readonly<Record<string, string>>): Promise<UnusableDatabase> {
  const read = readConfig(env);
  if (!read.ok) throw new Error(read.faults.join('\n'));
  const error = await withCommandDatabase(read.config, {name: 'test', note: () => undefined}, () =>
    Promise.reject(new Error('used all the same')),
  ).catch((thrown: unknown) => thrown);
  if (!(error instanceof UnusableDatabase)) throw error;
  return error;
}

test('a command in a folder without a database says so, and leaves the folder as it was', async () => {
  const folder = await makeScratchFolder();
  const error = await whyUnusable({DATA_DIR: join(folder, 'data')});
  expect(error.reason).toBe('not_configured');
  expect(error.message).toContain(join(folder, 'data'));
  expect(await readdir(folder)).toEqual([]);
});

test('a database that nobody answers for cannot be reached, and its password is not told', async () => {
  const error = await whyUnusable({DATABASE_URL: 'postgresql://ana:hush@localhost:1/work'});
  expect(error.reason).toBe('unreachable');
  expect(error.message).toMatch(/work at localhost:1 cannot be reached: .*ECONNREFUSED/);
  expect(error.message).not.toContain('hush');
});

test('a database that does not exist, or not for this password, refuses', async () => {
  const error = await whyUnusable({DATABASE_URL: urlOfDatabase(inject('postgresUrl'), 'nowhere')});
  expect([error.reason, error.message]).toEqual(['refused', expect.stringContaining('does not exist')]);
  const stranger = new URL(inject('postgresUrl'));
  stranger.password = 'wrong';
  expect((await whyUnusable({DATABASE_URL: stranger.href})).reason).toBe('refused');
});

test('a database that no server has set up is not migrated, and stays so', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  await database.owner.query('DROP SCHEMA drizzle CASCADE');
  expect((await whyUnusable({DATABASE_URL: database.url})).reason).toBe('not_migrated');
  const {rows} = await database.owner.query(`SELECT to_regclass('drizzle.__drizzle_migrations') AS found`);
  expect(rows).toEqual([{found: null}]);
});

test('a migrated database is handed over', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const read = readConfig({DATABASE_URL: database.url});
  if (!read.ok) throw new Error(read.faults.join('\n'));
  const role = await withCommandDatabase(read.config, {name: 'test', note: () => undefined}, async (pool) => {
    const {rows} = await pool.query<{name: string}>('SELECT current_user AS name');
    return rows[0]?.name;
  });
  expect(role).toBe('app');
});
