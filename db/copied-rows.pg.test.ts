// What comes by COPY is what Postgres has, whatever its bytes are.
import {randomBytes, randomUUID} from 'node:crypto';
import {afterAll, expect, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {
  copyRows,
  readBigint,
  readBoolean,
  readBytes,
  readInstant,
  readInteger,
  readText,
  readUuid,
  type CopiedQuery,
  type RowReader,
} from './copied-rows.ts';

// One connection, so that whatever a copy leaves behind meets the next statement.
const {database, owner, drop} = await createTestDatabase({poolSize: 1});
afterAll(drop);

async function copy<Row>(query: CopiedQuery, read: (reader: RowReader) => Row): Promise<Row[]> {
  const client = await database.pool.connect();
  try {
    return await copyRows(client, query, read);
  } finally {
    client.release();
  }
}

test('every type is read as the driver reads it', async () => {
  const text = `SELECT 'tâsks'::text AS text, '${randomUUID()}'::uuid AS uuid, -7::int AS int, ${2 ** 53 - 1}::bigint AS large,
    true AS yes, false AS no, '2026-03-04T05:06:07.089Z'::timestamptz AS at, '1999-12-31T23:59:59.999Z'::timestamptz AS before`;
  const [read] = await copy({text, values: []}, (reader) => ({
    text: readText(reader),
    uuid: readUuid(reader),
    int: readInteger(reader),
    large: readBigint(reader),
    yes: readBoolean(reader),
    no: readBoolean(reader),
    at: readInstant(reader),
    before: readInstant(reader),
  }));
  expect(read).toEqual((await database.pool.query(text)).rows[0]);
});

test('bytes come as they are, of many rows in order, empty and absent ones too', async () => {
  // Some are longer than what is read from a socket at once, so that rows are cut anywhere.
  const kept = Array.from({length: 60}, (_, index) => randomBytes((index * 9_973) % 150_000));
  await owner.query('CREATE TABLE kept (place int, bytes bytea); GRANT SELECT ON kept TO PUBLIC');
  await owner.query('INSERT INTO kept SELECT * FROM unnest($1::int[], $2::bytea[])', [
    [...kept.keys()],
    kept,
  ]);
  await owner.query('INSERT INTO kept VALUES (60, NULL)');
  const rows = await copy({text: 'SELECT bytes FROM kept ORDER BY place', values: []}, readBytes);
  const asHex = (all: readonly (Buffer | null)[]) => all.map((bytes) => bytes?.toString('hex') ?? null);
  expect(asHex(rows)).toEqual(asHex([...kept, null]));
});

test('nothing comes of no rows', async () => {
  expect(await copy({text: 'SELECT 1 WHERE false', values: []}, readInteger)).toEqual([]);
});

test('values stand in the text as values, whatever they hold', async () => {
  const hostile = `'; DROP TABLE records; -- $1 \\' "`;
  const values = [hostile, 12, ["it's", 'a\\b', '{}']];
  const text = `SELECT $1::text, $2::bigint, array_to_string($3::text[], '|')`;
  expect(
    await copy({text, values}, (reader) => [readText(reader), readBigint(reader), readText(reader)]),
  ).toEqual([[hostile, 12, "it's|a\\b|{}"]]);
});

test.each([NaN, Infinity, 0.5])('%d is not put into a query', async (value) => {
  await expect(copy({text: 'SELECT $1', values: [value]}, readInteger)).rejects.toThrow(RangeError);
});

test('a number past 2^53, a null and another type are refused, not misread', async () => {
  await expect(copy({text: `SELECT ${2n ** 53n}::bigint`, values: []}, readBigint)).rejects.toThrow(
    RangeError,
  );
  await expect(copy({text: 'SELECT NULL::int', values: []}, readInteger)).rejects.toThrow(/null/);
  await expect(copy({text: 'SELECT 1::bigint', values: []}, readInteger)).rejects.toThrow(/type/);
});

test('what Postgres refuses rejects, and the connection goes on', async () => {
  const began = copy({text: 'SELECT 1 / $1', values: [0]}, readInteger);
  await expect(began).rejects.toMatchObject({code: '22012'});
  expect(await copy({text: 'SELECT 7', values: []}, readInteger)).toEqual([7]);
});
