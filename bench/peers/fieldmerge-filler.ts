// Makes a tenant large without sending a million records: copies of one task that was really pushed are put beside
// it by SQL, in `records`, `tasks` and `audit_logs`, each with an id and a place of its own, and the tenant's counter
// is moved past them. Tables and indexes then have the size they would have. The copies are never opened: their
// bodies are sealed to the record they were taken from, and the log's chain does not hold over them.
import pg from 'pg';
import {recordIdOf} from '../load/tasks.ts';
import type {FillOptions} from './peer.ts';

const TEMPLATE = recordIdOf(0);
const BATCH = 100_000;

/** Id of the copy at place `place`: never one of the bench's own records. */
const COPY_ID = `('50000000-0000-4000-8000-' || lpad(to_hex(place), 12, '0'))::uuid`;

interface Table {
  readonly name: string;
  /** The rows of it that the template has. */
  readonly where: string;
  /** What is new in each copy, by column; the rest is taken over. */
  readonly fresh: Readonly<Record<string, string>>;
}

const tables: readonly Table[] = [
  {
    name: 'records',
    where: `entity = 'tasks' AND id = $2`,
    fresh: {id: COPY_ID, seq: 'place', updated_at: 'now()'},
  },
  {name: 'tasks', where: 'id = $2', fresh: {id: COPY_ID, seq: 'place', number: 'place'}},
  {
    name: 'audit_logs',
    where: `seq = (SELECT max(seq) FROM audit_logs WHERE tenant_id = $1 AND record_id = $2)`,
    // Later than what was really pushed, as the places are: the feed finds a moment's place here.
    fresh: {record_id: COPY_ID, seq: 'place', group_seq: 'place', at: 'now()'},
  },
];

async function copy(client: pg.Client, table: Table, values: readonly unknown[]): Promise<void> {
  const {rows} = await client.query<{name: string}>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`,
    [table.name],
  );
  const names = rows.map(({name}) => name);
  const selected = names.map((name) => table.fresh[name] ?? `original.${name}`);
  await client.query(
    `INSERT INTO ${table.name} (${names.join(', ')})
     SELECT ${selected.join(', ')} FROM ${table.name} AS original, generate_series($3::bigint, $4::bigint) AS place
     WHERE original.tenant_id = $1 AND original.${table.where}`,
    [...values],
  );
}

export async function fillTenant({databaseUrl, tenantId, records}: FillOptions): Promise<void> {
  const client = new pg.Client({connectionString: databaseUrl});
  await client.connect();
  try {
    const {rows} = await client.query<{seq: string; present: string}>(
      `SELECT seq, (SELECT count(*) FROM records WHERE tenant_id = $1) AS present
       FROM tenant_counters WHERE tenant_id = $1`,
      [tenantId],
    );
    const first = Number(rows[0]?.seq) + 1;
    const last = first + records - Number(rows[0]?.present) - 1;
    for (let place = first; place <= last; place += BATCH) {
      const values = [tenantId, TEMPLATE, place, Math.min(last, place + BATCH - 1)];
      for (const table of tables) await copy(client, table, values);
    }
    if (last >= first)
      await client.query('UPDATE tenant_counters SET seq = $2, at = now() WHERE tenant_id = $1', [
        tenantId,
        last,
      ]);
    await client.query('VACUUM (ANALYZE) records, tasks, audit_logs');
  } finally {
    await client.end();
  }
}
