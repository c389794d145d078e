// What the pool promises its users, on a real Postgres.
import {afterAll, expect, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {assertDurable, connectDatabase} from './connect.ts';

const {url, database, owner, drop} = await createTestDatabase();
afterAll(drop);

test('bigint is a number, a date its own text, timestamptz a Date', async () => {
  const {rows} = await database.pool.query<Record<string, unknown>>(
    `SELECT 9007199254740991::bigint AS big, ARRAY[1, NULL]::bigint[] AS bigs, DATE '2026-01-31' AS day,
       ARRAY[DATE '2026-01-31'] AS days, TIMESTAMPTZ '2026-01-31T10:00:00.123Z' AS instant`,
  );
  expect(rows[0]).toEqual({
    big: Number.MAX_SAFE_INTEGER,
    bigs: [1, null],
    day: '2026-01-31',
    days: ['2026-01-31'],
    instant: new Date('2026-01-31T10:00:00.123Z'),
  });
});

test('a bigint past 2^53 fails its query and leaves the pool usable', async () => {
  await expect(database.pool.query('SELECT 9007199254740992::bigint')).rejects.toThrow(RangeError);
  expect((await database.pool.query('SELECT 1')).rowCount).toBe(1);
});

test('connections that die unused are reported and replaced', async () => {
  const lost: Error[] = [];
  const other = connectDatabase({
    url,
    poolSize: 1,
    applicationName: 'dies',
    onConnectionLost: (error) => lost.push(error),
  });
  await other.pool.query('SELECT 1');
  await owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dies'`);
  await expect.poll(() => lost.length).toBe(1);
  expect((await other.pool.query('SELECT 1')).rowCount).toBe(1);
  await other.end();
});

test('a connection that does not wait for the disk is refused as not durable', async () => {
  await assertDurable(database.pool);
  const careless = connectDatabase({
    url: `${url}?options=-c%20synchronous_commit%3Doff`,
    poolSize: 1,
    applicationName: 'test',
  });
  await expect(assertDurable(careless.pool)).rejects.toThrow('synchronous_commit is off');
  await careless.end();
});

test('Postgres looks for a node that vanished, and ends a transaction without a next statement before its followers give up', async () => {
  const {rows} = await database.pool.query<{name: string; setting: string}>(
    `SELECT name, setting FROM pg_settings WHERE name ~ '^tcp_(keepalives|user_timeout)|^idle_in_transaction'`,
  );
  expect(Object.fromEntries(rows.map(({name, setting}) => [name, Number(setting)]))).toEqual({
    tcp_keepalives_idle: 15,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 3,
    tcp_user_timeout: 30_000,
    idle_in_transaction_session_timeout: 20_000,
  });
});
