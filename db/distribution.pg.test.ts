// Whether the schema can be spread over machines by tenant, as docs/scaling.md has it: asked of the catalogue of a migrated
// database, so that a new table, key or reference that could not be is noticed when it is made.
import {afterAll, expect, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';

const {owner, drop} = await createTestDatabase();
afterAll(drop);

/** Tables that belong to no tenant, and what becomes of each where the others are spread. */
const globalTables: Readonly<Record<string, string>> = {
  database_epoch: 'one row that says which history of the database this is: a reference table',
  users: 'people, who may be in several tenants: a reference table',
  user_devices: 'whose an installation is, before a tenant is chosen: a reference table',
  revoked_tokens: 'sign-ins that ended, which every node reads whole: a reference table',
  webhook_events: 'what providers told us already: stays on one machine',
};

/** The tenants themselves are spread by their own id. */
const tenantColumn = (table: string): string => (table === 'tenants' ? 'id' : 'tenant_id');
const isGlobal = (table: string): boolean => Object.hasOwn(globalTables, table);

async function list<Row extends object>(text: string): Promise<Row[]> {
  return (await owner.query<Row>(text)).rows;
}

const columnsOf = (relation: string, numbers: string): string =>
  `ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS part (number, place)
         JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = part.number ORDER BY part.place)`;

interface Key {
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
}

test('every table is of a tenant, or is listed as global', async () => {
  const tables = await list<{table: string; columns: string[]}>(
    `SELECT c.relname::text AS table, ARRAY(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = c.oid) AS columns
     FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`,
  );
  expect(tables.length).toBeGreaterThan(20);
  const others = tables.filter(({table, columns}) => !columns.includes(tenantColumn(table)));
  expect(others.map(({table}) => table).toSorted()).toEqual(Object.keys(globalTables).toSorted());
});

test('every primary key and unique index of a tenant table begins with the tenant', async () => {
  const keys = await list<Key>(
    `SELECT i.indrelid::regclass::text AS table, i.indexrelid::regclass::text AS name,
            ${columnsOf('i.indrelid', 'i.indkey::int2[]')} AS columns
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE i.indisunique AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`,
  );
  const ofTenants = keys.filter(({table}) => !isGlobal(table));
  expect(ofTenants.length).toBeGreaterThan(30);
  expect(ofTenants.filter(({table, columns}) => columns[0] !== tenantColumn(table))).toEqual([]);
});

test('every tenant table has a primary key', async () => {
  const without = await list<{table: string}>(
    `SELECT c.relname::text AS table FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')`,
  );
  expect(without).toEqual([]);
});

test('every foreign key of a tenant table stays within the tenant, or points to a global table', async () => {
  const keys = await list<Key & {target: string; targetColumns: string[]}>(
    `SELECT k.conrelid::regclass::text AS table, k.conname::text AS name, ${columnsOf('k.conrelid', 'k.conkey')} AS columns,
            k.confrelid::regclass::text AS target, ${columnsOf('k.confrelid', 'k.confkey')} AS "targetColumns"
     FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace`,
  );
  expect(keys.length).toBeGreaterThan(3);
  const odd = keys.filter(({table, columns, target, targetColumns}) => {
    if (isGlobal(table)) return !isGlobal(target);
    if (isGlobal(target)) return false;
    return columns[0] !== tenantColumn(table) || targetColumns[0] !== tenantColumn(target);
  });
  expect(odd).toEqual([]);
});

test('nothing happens beside the statements: no table has a trigger or a rule', async () => {
  const triggers = await list(`SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`);
  const rules = await list(
    `SELECT rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`,
  );
  expect([...triggers, ...rules]).toEqual([]);
});
