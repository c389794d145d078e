// What scope and a commit cost follows what a change concerns, not what the tenant holds: counted in rows that Postgres
// looks at, on plans made as the lane makes them and without statistics, as on the first day.
import {randomUUID} from 'node:crypto';
import pg from 'pg';
import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import {readScopedFeed} from '#db/feed.ts';
import {differencesSql} from '#db/scope-sql.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

const TASKS = 3_000;
const EMPLOYEES = 20;
/** A few dozen are usual; thousands would be the tenant. */
const ROWS_MAX = 500;

let world: World;
let manager: Person & {readonly tenantId: string};
const employeeIds: string[] = [];
const people: Person[] = [];

beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
  for (let count = 0; count < EMPLOYEES; count++) {
    const person = await world.newMember(manager, 'employee');
    people.push(person);
    employeeIds.push((await person.get<{member: {employeeId: string}}>('/v1/me')).body.member.employeeId);
  }
  const clientIds = Array.from({length: 200}, () => randomUUID());
  await manager.push(
    clientIds.map((entityId) => ({
      entity: 'clients',
      entityId,
      payload: {kind: 'person', displayName: 'Some Client'},
    })),
  );
  for (let made = 0; made < TASKS; made += 500) {
    await manager.push(
      Array.from({length: 500}, (_, index) => ({
        entity: 'tasks',
        payload: {
          title: 'Boiler',
          // The first of them has one task in a hundred.
          employeeId: employeeIds[index % 100 === 0 ? 0 : 1 + (index % (EMPLOYEES - 1))],
          clientId: clientIds[index % clientIds.length],
        },
      })),
    );
  }
}, 60_000);
afterAll(() => world.close());

interface PlanNode {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The most rows that any one step looked at. */
const rowsOf = (node: PlanNode): number =>
  Math.max(
    node['Actual Loops'] *
      (node['Actual Rows'] +
        (node['Rows Removed by Filter'] ?? 0) +
        (node['Rows Removed by Join Filter'] ?? 0)),
    ...(node.Plans ?? []).map(rowsOf),
  );

/** Explains what `run` sends, in a transaction as the lane begins it. */
async function explained(run: (client: pg.PoolClient) => Promise<PlanNode[]>): Promise<number> {
  const client = await world.database.owner.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL ROLE app');
    await client.query(
      `SELECT set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)`,
      [manager.tenantId],
    );
    await client.query(`SELECT set_config(name, 'off', true) FROM unnest($1::text[]) AS name`, [
      ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material'],
    ]);
    return Math.max(...(await run(client)).map(rowsOf));
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const planOf = async (client: pg.PoolClient, execute: string): Promise<PlanNode> => {
  const {rows} = await client.query<{'QUERY PLAN': [{Plan: PlanNode}]}>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${execute}`,
  );
  return rows[0]!['QUERY PLAN'][0].Plan;
};

test('a reassignment looks at the task, its client and whoever sees them', async () => {
  const {rows} = await world.database.owner.query<{id: string; client_id: string}>(
    'SELECT id, client_id FROM tasks WHERE employee_id = $1 LIMIT 1',
    [employeeIds[0]],
  );
  const [task] = rows;
  const seen = await explained(async (client) => {
    await client.query(`PREPARE differences AS ${differencesSql}`);
    const execute = `EXECUTE differences ('${manager.tenantId}', '{tasks,clients}', '{${task!.id},${task!.client_id}}', '{}')`;
    return [await planOf(client, execute)];
  });
  expect(seen).toBeLessThan(ROWS_MAX);
});

test("a page of an employee's feed looks at what is in their scope", async () => {
  const member = await people[0]!.get<{id: string}>('/v1/me');
  const sent: string[] = [];
  const seen = await explained(async (client) => {
    // The statements as they are sent, to be explained with the same values.
    const query = client.query.bind(client) as (config: unknown) => Promise<unknown>;
    const listening = new Proxy(client, {
      get: (target, name) =>
        name === 'query'
          ? (config: {text: string; values?: unknown[]}) => {
              sent.push(inlined(config));
              return query(config);
            }
          : (Reflect.get(target, name) as unknown),
    });
    const page = await readScopedFeed(listening, manager.tenantId as never, {
      userId: member.body.id,
      after: 0,
      limit: 500,
    });
    expect(page.entries.length).toBeGreaterThan(TASKS / 100);
    const plans: PlanNode[] = [];
    for (const statement of sent) plans.push(await planOf(client, statement));
    return plans;
  });
  expect(seen).toBeLessThan(ROWS_MAX);
});

// Vacuum may come before the statistics, and both at any moment: the sizes it notes make other indexes look as cheap.
test.each([
  {when: 'on the first day', upkeep: 'SELECT', writer: 0},
  {when: 'after a vacuum', upkeep: 'VACUUM', writer: 1},
  {when: 'with statistics', upkeep: 'ANALYZE', writer: 2},
])(
  'a commit looks at the rows it writes, its author and the answers given before, $when',
  async ({upkeep, writer}) => {
    await world.database.owner.query(upkeep);
    const {rows} = await world.database.owner.query<{id: string}>(
      'SELECT id FROM tasks WHERE employee_id = $1 LIMIT 1',
      [employeeIds[writer]],
    );
    const id = rows[0]!.id;
    const sent = vi.spyOn(pg.Client.prototype, 'query');
    try {
      // The first write of this member: nothing is known of them yet.
      await people[writer]!.push([{entity: 'tasks', entityId: id, payload: {status: 'in_progress'}}]);
      const statements = sent.mock.calls
        .map(([config]) => config as unknown as {name?: string; text: string; values: unknown[]})
        .filter(({name = ''}) => laneStatements.test(name));
      expect(statements.map(({name}) => name?.replace(/\d+/, ''))).toEqual([
        'lock_records',
        'find_push_results',
        'read_access',
        'find_granted',
        'group_',
      ]);
      // Else the second run of the statement, to explain it, would write the answer to the push twice.
      await world.database.owner.query('DELETE FROM push_results WHERE record_id = $1', [id]);
      const seen = await explained(async (client) => {
        const plans: PlanNode[] = [];
        for (const {name, text, values} of statements) {
          await client.query(`PREPARE explained_${name} AS ${text}`);
          const execute = `EXECUTE explained_${name} (${values.map(literal).join(', ')})`;
          plans.push(await planOf(client, execute));
          await client.query(`DEALLOCATE explained_${name}`);
        }
        return plans;
      });
      expect(seen).toBeLessThan(10);
    } finally {
      sent.mockRestore();
    }
  },
);

const laneStatements = /^(lock_records|find_push_results|read_access|find_granted|group_\d+)$/;

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
  if (Array.isArray(value))
    return `'{${value.map((item) => (item === null ? 'NULL' : String(item as string | number))).join(',')}}'`;
  return typeof value === 'string' ? pg.escapeLiteral(value) : JSON.stringify(value);
}

/** Values into the text, for EXPLAIN; of a COPY what it copies. */
const inlined = ({text, values = []}: {text: string; values?: unknown[] | undefined}): string =>
  text.replace(/^COPY \((.*)\) TO STDOUT.*$/s, '$1').replace(/\$(\d)/g, (_, place: string) => {
    const value = values[Number(place) - 1];
    return Array.isArray(value)
      ? `'{${value.join(',')}}'`
      : typeof value === 'number'
        ? String(value)
        : `'${String(value)}'`;
  });
