// Sealed values that were moved behind the server's back: whoever reads them is told of a fault and never gets
// somebody else's data, and verification names the place.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonObject} from '#crdt/json.ts';
import {auditDigest, type AuditRow} from '#db/audit-chain.ts';
import {createArena, kept, query, type Arena, type Node} from '#test/support/lane-kit.ts';
import {jsonSubmission} from '#test/support/submissions.ts';
import {listConflicts, resolveConflict} from './conflicts.ts';
import {listDirectory} from './directory.ts';
import {listHistory} from './history.ts';
import type {Member} from './members.ts';
import {pull} from './pull.ts';
import {verifyDatabase} from './verify.ts';

const ids = {first: randomUUID(), second: randomUUID()};

/**
 * Two tenants. In each the same two ids name a client and an employee, so that only tenant, entity or column tell
 * places apart. Every record was written twice, and two conflicts of the first tenant are settled with a note.
 */
async function fill() {
  const arena = await createArena();
  const node = await arena.startNode();
  const {manager: neighbour} = await arena.tenancy.newTenant();
  for (const member of [arena.manager, neighbour]) {
    for (const [name, id] of Object.entries(ids)) {
      const write = async (entity: EntityName, payload: JsonObject) =>
        kept(await node.submit(jsonSubmission(member, {entity, id, payload})));
      const contact = {displayName: `${name} of ${member.tenantId}`, email: `${name}@example.com`};
      await write('clients', {kind: 'person', ...contact});
      await write('employees', contact);
    }
  }
  await query(arena, 'CREATE TABLE earlier AS SELECT * FROM records');
  for (const member of [arena.manager, neighbour]) {
    for (const id of Object.values(ids)) {
      const payload = {phone: '+4915112345678'};
      kept(await node.submit(jsonSubmission(member, {entity: 'clients', id, payload})));
    }
  }
  await settleTwo(arena, node);
  return {arena, neighbour};
}

async function settleTwo(arena: Arena, node: Node): Promise<void> {
  const other = await arena.tenancy.onNewDevice(arena.manager);
  for (const id of Object.values(ids)) {
    const base = {kind: 'cursor' as const, seq: 0};
    const payload = {phone: '+4915187654321'};
    await node.submit(jsonSubmission(other, {entity: 'clients', id, base, payload}));
  }
  const {items} = JSON.parse(JSON.stringify(await conflictsOf(node, arena.manager))) as {
    items: {id: string}[];
  };
  for (const {id} of items) {
    await resolveConflict(node.service, arena.manager, {
      id,
      request: {resolution: 'keep', note: `About ${id}`},
    });
  }
}

const conflictsOf = (node: Node, member: Member) =>
  listConflicts(node.service, member, {since: undefined, status: undefined, limit: 10});

/** Ways to read, each as a server does that has nothing cached. */
const reads = {
  record: (node: Node, member: Member) =>
    node.service.feed.readOne(member, {entity: 'clients', id: ids.first}),
  pull: (node: Node, member: Member) =>
    pull(node.service, member, {since: undefined, limit: 100, encoding: 'json'}),
  edit: (node: Node, member: Member) =>
    node.submit(jsonSubmission(member, {entity: 'clients', id: ids.first, payload: {taxId: '1'}})),
  directory: (node: Node, member: Member) =>
    listDirectory(node.service, member, {since: undefined, limit: 10}),
  history: (node: Node, member: Member) =>
    listHistory(node.service, member, {
      entity: 'clients',
      id: ids.first,
      query: {cursor: undefined, limit: 10},
    }),
  conflicts: conflictsOf,
} satisfies Record<string, (node: Node, member: Member) => Promise<unknown>>;

type Read = keyof typeof reads;

/** Exchanges a column's values between the rows of `table` that two conditions select. */
const swap = (table: string, column: string, [one, other]: readonly [string, string]): string =>
  `UPDATE ${table} SET ${column} = CASE WHEN ${one}
     THEN (SELECT ${column} FROM ${table} WHERE ${other}) ELSE (SELECT ${column} FROM ${table} WHERE ${one}) END
   WHERE (${one}) OR (${other})`;

interface Move {
  readonly name: string;
  /** `$here` and `$there` are the tenants. */
  readonly statement: string;
  readonly fails: readonly Read[];
  readonly place: RegExp;
}

const here = `tenant_id = '$here'`;
const there = `tenant_id = '$there'`;
const isFirst = `id = '${ids.first}'`;
const isSecond = `id = '${ids.second}'`;
const bodyReads = ['record', 'pull', 'edit'] as const;
const [oldest, latest] = ['ASC', 'DESC'].map(
  (order) => `id = (SELECT id FROM conflict_logs ORDER BY seq ${order} LIMIT 1)`,
) as [string, string];

const moves: readonly Move[] = [
  {
    name: 'bodies of two records',
    statement: swap('records', 'body', [
      `${here} AND entity = 'clients' AND ${isFirst}`,
      `${here} AND entity = 'clients' AND ${isSecond}`,
    ]),
    fails: bodyReads,
    place: /^clients \S+ records\.body$/,
  },
  {
    name: 'bodies of two entities with one id',
    statement: swap('records', 'body', [
      `${here} AND entity = 'clients' AND ${isFirst}`,
      `${here} AND entity = 'employees' AND ${isFirst}`,
    ]),
    fails: bodyReads,
    place: /^employees \S+ records\.body$/,
  },
  {
    name: 'bodies of two tenants with one id and version',
    statement: swap('records', 'body', [
      `${here} AND entity = 'clients' AND ${isFirst}`,
      `${there} AND entity = 'clients' AND ${isFirst}`,
    ]),
    fails: bodyReads,
    place: /^clients \S+ records\.body$/,
  },
  {
    name: 'an earlier body of the same record under its newer version',
    statement: `UPDATE records r SET body = e.body FROM earlier e
      WHERE r.tenant_id = e.tenant_id AND r.entity = e.entity AND r.id = e.id AND r.version > e.version`,
    fails: bodyReads,
    place: /^clients \S+ records\.body$/,
  },
  {
    name: 'memories of two records',
    statement: swap('records', 'memory', [
      `${here} AND entity = 'clients' AND ${isFirst}`,
      `${here} AND entity = 'clients' AND ${isSecond}`,
    ]),
    fails: ['edit'],
    place: /^clients \S+ records\.memory$/,
  },
  {
    name: 'an earlier memory of the same record under its newer version',
    statement: `UPDATE records r SET memory = e.memory FROM earlier e
      WHERE r.tenant_id = e.tenant_id AND r.entity = e.entity AND r.id = e.id AND r.version > e.version`,
    fails: ['edit'],
    place: /^clients \S+ records\.memory$/,
  },
  {
    name: 'body and memory of one record',
    statement: `UPDATE records SET body = memory, memory = body WHERE ${here} AND entity = 'clients' AND ${isFirst}`,
    fails: bodyReads,
    place: /^clients \S+ records\.body$/,
  },
  {
    name: 'two columns of one row',
    statement: `UPDATE employees SET display_name = email, email = display_name WHERE ${here}`,
    fails: ['directory'],
    place: /^employees \S+ display_name$/,
  },
  {
    name: 'one column of two rows',
    statement: swap('employees', 'display_name', [`${here} AND ${isFirst}`, `${here} AND ${isSecond}`]),
    fails: ['directory'],
    place: /^employees \S+ display_name$/,
  },
  {
    name: 'one column of two tables with one id',
    statement: `UPDATE employees e SET display_name = c.display_name FROM clients c
      WHERE e.tenant_id = c.tenant_id AND e.id = c.id`,
    fails: ['directory'],
    place: /^employees \S+ display_name$/,
  },
  {
    name: 'one column of two tenants with one id',
    statement: swap('employees', 'display_name', [`${here} AND ${isFirst}`, `${there} AND ${isFirst}`]),
    fails: ['directory'],
    place: /^employees \S+ display_name$/,
  },
  {
    name: 'both sides of two conflicts',
    statement: swap('conflict_logs', 'fields', [oldest, latest]),
    fails: ['conflicts'],
    place: /^conflict_logs \S+ fields$/,
  },
  {
    name: 'notes of two conflicts',
    statement: swap('conflict_logs', 'note', [oldest, latest]),
    fails: ['conflicts'],
    place: /^conflict_logs \S+ note$/,
  },
  {
    name: 'a note in the place of what it is about',
    statement: 'UPDATE conflict_logs SET fields = note',
    fails: ['conflicts'],
    place: /^conflict_logs \S+ fields$/,
  },
  {
    name: 'what the log keeps of two records',
    statement: swap('audit_logs', 'detail', [
      `${here} AND entity = 'clients' AND record_id = '${ids.first}' AND action = 'record.create'`,
      `${here} AND entity = 'clients' AND record_id = '${ids.second}' AND action = 'record.create'`,
    ]),
    fails: ['history'],
    place: /^audit_logs seq \d+$/,
  },
  {
    name: 'wrapped keys of two tenants',
    statement: swap('tenants', 'wrapped_key', [`id = '$here'`, `id = '$there'`]),
    fails: Object.keys(reads) as Read[],
    place: /^tenants\.wrapped_key$/,
  },
];

test.for(moves)('is told apart from the right one: $name', async ({statement, fails, place}) => {
  const {arena, neighbour} = await fill();
  const {manager} = arena;
  const before = await verify(arena);
  expect(before).toEqual([]);
  await query(
    arena,
    statement.replaceAll('$here', manager.tenantId).replaceAll('$there', neighbour.tenantId),
  );

  for (const name of Object.keys(reads) as Read[]) {
    const node = await arena.startNode();
    const outcome = await reads[name](node, manager).then(
      () => 'answered',
      (error: unknown) => error,
    );
    const expected: unknown = fails.includes(name) ? expect.objectContaining({code: 'internal'}) : 'answered';
    expect({name, outcome}).toEqual({name, outcome: expected});
  }
  const faults = await verify(arena);
  expect(faults.filter((fault) => place.test(fault))).not.toEqual([]);
});

const verify = async ({database, tenancy}: Arena): Promise<string[]> => {
  const {faults} = await verifyDatabase({pool: database.pool, keyring: tenancy.keyring});
  return faults.map((fault) => fault.place);
};

test('values moved within the log are found although their digests were made anew', async () => {
  const {arena} = await fill();
  const {tenantId} = arena.manager;
  const rows = await query<AuditRow & {seq: number}>(
    arena,
    `SELECT seq, action, entity, record_id AS "recordId", user_id AS "userId", device_id AS "deviceId", summary, detail
     FROM audit_logs WHERE tenant_id = $1 AND action = 'record.create' ORDER BY seq LIMIT 2`,
    [tenantId],
  );
  const [one, other] = rows as [AuditRow & {seq: number}, AuditRow & {seq: number}];
  for (const [{seq, ...row}, {detail}] of [
    [one, other],
    [other, one],
  ] as const) {
    const values = [tenantId, seq, detail, auditDigest(tenantId, {...row, detail})];
    await query(
      arena,
      'UPDATE audit_logs SET detail = $3, digest = $4 WHERE tenant_id = $1 AND seq = $2',
      values,
    );
  }
  expect(await verify(arena)).toEqual([`audit_logs seq ${one.seq}`]);
});

test('a record that cannot be opened holds up no other', async () => {
  const {arena} = await fill();
  const {manager} = arena;
  await query(arena, `UPDATE records SET body = sha256(body) WHERE ${isFirst}`);
  const node = await arena.startNode();
  const edit = (id: string) =>
    node.submit(jsonSubmission(manager, {entity: 'clients', id, payload: {taxId: 'Z'}}));
  const outcomes = await Promise.allSettled([
    edit(ids.first),
    edit(ids.second),
    edit(ids.first),
    edit(ids.second),
  ]);
  expect(outcomes.map(({status}) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
});
