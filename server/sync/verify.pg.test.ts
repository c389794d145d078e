// Verification finds what was altered behind the server's back, and names the place.
import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import {createArena, query, type Arena} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {verifyDatabase} from './verify.ts';

async function filled() {
  const arena = await createArena();
  const node = await arena.startNode();
  const tasks = [newTask(arena.manager, 'First'), newTask(arena.manager, 'Second')];
  for (const task of tasks) {
    await node.submit(task.create);
    await node.submit(
      jsonSubmission(arena.manager, {
        ...task,
        payload: {notes: 'Secret', priority: 'high', dueAt: '2026-03-01T08:00:00Z'},
      }),
    );
  }
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const base = {kind: 'cursor' as const, seq: 0};
  await node.submit(jsonSubmission(other, {...tasks[0]!, base, payload: {title: 'Blind'}}));
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  await node.submit(jsonSubmission(employee, {...tasks[0]!, base, payload: {status: 'on_hold'}}));
  return {arena, node, task: tasks[0]!, other: tasks[1]!};
}

const verify = ({database, tenancy}: Arena) =>
  verifyDatabase({pool: database.pool, keyring: tenancy.keyring});

// I14 of docs/reliability.md.
test('a healthy database has no faults, and everything in it is counted', async () => {
  const {arena} = await filled();
  await arena.tenancy.newTenant();
  expect(await verify(arena)).toMatchObject({tenants: 2, records: 2, conflicts: 1, faults: []});
});

const alterations: readonly [name: string, statement: string, place: RegExp][] = [
  ['a typed column', `UPDATE tasks SET title = 'Other' WHERE title = 'Second'`, /^tasks \S+ title$/],
  [
    'a column of a moment',
    `UPDATE tasks SET due_at = due_at + interval '1 ms' WHERE title = 'Second'`,
    /due_at$/,
  ],
  [
    'a sealed column that was moved to another record',
    `UPDATE tasks SET notes = (SELECT notes FROM tasks WHERE title = 'Second') WHERE title <> 'Second'`,
    /notes$/,
  ],
  ['a row that is gone', `DELETE FROM tasks WHERE title = 'Second'`, /tasks$/],
  [
    'a row without a document',
    `DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)`,
    /^tasks \S+$/,
  ],
  [
    'a sealed document',
    `UPDATE records SET body = set_byte(body, 60, get_byte(body, 60) # 1)`,
    /records\.body$/,
  ],
  ['an older document put back', `UPDATE records SET version = version - 1`, /records\.body$/],
  ['who changed it', `UPDATE tasks SET updated_by = gen_random_uuid() WHERE title = 'Second'`, /updated_by$/],
  ['the position of a row', `UPDATE tasks SET seq = 1 WHERE title = 'Second'`, /seq$/],
  ['a sentence of the log', `UPDATE audit_logs SET summary = 'Nothing.' WHERE seq = 3`, /^audit_logs seq 3$/],
  ['what the log keeps of values', `UPDATE audit_logs SET detail = NULL WHERE seq = 4`, /^audit_logs seq 4$/],
  ['a missing row of the log', `DELETE FROM audit_logs WHERE seq = 3`, /^audit_logs seq 4$/],
  [
    'a missing end of the log',
    `DELETE FROM audit_logs WHERE seq = (SELECT max(seq) FROM audit_logs)`,
    /^audit_logs/,
  ],
  ['a row and its digest', `UPDATE audit_logs SET digest = sha256('x') WHERE seq = 2`, /^audit_logs seq 2$/],
  ['the head of the chain', `UPDATE tenant_counters SET audit_head = sha256('x')`, /^audit_logs$/],
  ['a number given twice', `UPDATE tasks SET number = 1`, /^tasks number$/],
  ['a number lost', `UPDATE series SET next = next + 1`, /^series task$/],
  ['a conflict', `UPDATE conflict_logs SET fields = sha256('x')`, /^conflict_logs \S+ fields$/],
  [
    'a kept change under another name',
    `UPDATE quarantined_changes SET id = gen_random_uuid()`,
    /^quarantined_changes \S+ change$/,
  ],
];

for (const [name, statement, place] of alterations) {
  test(`names the place of an alteration: ${name}`, async () => {
    const {arena} = await filled();
    await query(arena, statement);
    const {faults} = await verify(arena);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.map((fault) => fault.place).join('\n')).toMatch(new RegExp(place.source, 'm'));
    expect(JSON.stringify(faults)).not.toMatch(/Second|Secret/);
  });
}

test.each([
  ['is missing', 'UPDATE clients SET email_hash = NULL', 'email_hash', 'is missing'],
  [
    'was altered',
    'UPDATE clients SET phone_hash = set_byte(phone_hash, 0, get_byte(phone_hash, 0) # 1)',
    'phone_hash',
    'is not the',
  ],
  ["is another column's", 'UPDATE clients SET whatsapp_hash = phone_hash', 'whatsapp_hash', 'is not the'],
  ['is left of a value that is gone', `UPDATE employees SET email_hash = 'x'`, 'email_hash', 'is not the'],
])('names a row whose fingerprint %s', async (_, statement, column, message) => {
  const arena = await createArena();
  const node = await arena.startNode();
  const [client, employee] = [randomUUID(), randomUUID()];
  const secrets = {email: 'Secret@example.com', phone: '+4915112345678', whatsapp: '+4915112345678'};
  const person = {kind: 'person', displayName: 'Secret', ...secrets};
  await node.submit(jsonSubmission(arena.manager, {entity: 'clients', id: client, payload: person}));
  await node.submit(
    jsonSubmission(arena.manager, {entity: 'employees', id: employee, payload: {displayName: 'Secret'}}),
  );
  expect((await verify(arena)).faults).toEqual([]);
  await query(arena, statement);
  const id = statement.includes('employees') ? employee : client;
  const {faults} = await verify(arena);
  expect(faults).toEqual([
    expect.objectContaining({
      place: expect.stringMatching(new RegExp(`^\\w+ ${id} ${column}$`)) as string,
      message: expect.stringContaining(message) as string,
    }),
  ]);
  expect(JSON.stringify(faults)).not.toMatch(/secret|4915/i);
});

test('the command prints counts and answers 0, then names a fault and answers 1', async () => {
  const folder = await makeScratchFolder();
  const key = Buffer.alloc(32, 7).toString('base64');
  const arena = await createArena();
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    DATABASE_URL: arena.url,
    DATA_DIR: folder,
    MASTER_KEY: key,
  };
  const run = () =>
    promisify(execFile)(
      'node',
      ['--import', './load-typescript.js', 'server/fieldmerge-command.ts', 'verify'],
      {env},
    ).then(
      ({stdout}) => ({code: 0, stdout}),
      (error: unknown) => error as {code: number; stdout: string},
    );
  // Another master key than the tenant's.
  expect(await run()).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('tenants.wrapped_key') as string,
  });
  for (const table of ['audit_logs', 'memberships', 'devices', 'tenant_counters', 'tenants']) {
    await query(arena, `DELETE FROM ${table}`);
  }
  expect(await run()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^verified: 0 tenants/m) as string,
  });
}, 60_000);
