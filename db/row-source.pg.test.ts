// A row is the same to Postgres, whether it comes alone as parameters or among others as JSON.
import {randomUUID} from 'node:crypto';
import {afterAll, expect, test} from 'vitest';
import type {JsonValue} from '#crdt/json.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {createGroupStatement} from './group-statement.ts';
import {sourceColumns, type SourceRow} from './row-source.ts';

const {database, drop} = await createTestDatabase();
afterAll(drop);

const columns = sourceColumns(
  'id uuid, "text" text, small integer, "large" bigint, yes boolean, at timestamptz, day date, deep jsonb, raw json',
);

async function read(row: SourceRow, {isOfOne}: {isOfOne: boolean}): Promise<unknown> {
  const statement = createGroupStatement([], {isOfOne});
  const source = statement.addRows(columns, [row]);
  // As text: a timestamp of microseconds or a large number is not the driver's to round.
  statement.part('rows', () => `rows AS (SELECT row(r.*)::text AS row FROM ${source()})`);
  const {text} = statement.finish('SELECT row FROM rows');
  const {rows} = await database.pool.query<{row: string}>(text, statement.values);
  expect(rows).toHaveLength(1);
  return rows[0]?.row;
}

const row = ({any, raw = any, text = ''}: {any: JsonValue; raw?: JsonValue; text?: string}): SourceRow => [
  randomUUID(),
  text,
  -7,
  2 ** 53 - 1,
  false,
  '2026-11-24T04:30:00.123Z',
  '2026-02-28',
  any,
  raw,
];

test.each([
  ['text that JSON escapes', row({any: {}, text: '{"a":\\n} \' % $1 \u2028 tâsk 𝄞 \t\n'})],
  ['text that reads as JSON', row({any: 'null', text: 'null'})],
  ['a JSON text', row({any: '[1]'})],
  ['a JSON number and boolean', row({any: 0.1, raw: true})],
  ['a JSON array', row({any: ['a', {b: null}, []]})],
  ['a JSON object with awkward names', row({any: {'': 1, 'a"b': ['\\'], toString: null}})],
  ['nothing anywhere', [randomUUID(), null, null, null, null, null, null, null, null]],
] as const)('%s', async (_, cells) => {
  expect(await read(cells, {isOfOne: true})).toBe(await read(cells, {isOfOne: false}));
});
