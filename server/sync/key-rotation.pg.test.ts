// The master key is changed while servers serve, and nothing becomes unreadable.
import {randomBytes} from 'node:crypto';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect, onTestFinished, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createKeyring, type Keyring} from '#db/cipher.ts';
import {holdCommits} from '#test/support/held-commits.ts';
import {kept, untilWaiting} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {rotateKeys, type RotationStep} from './key-rotation.ts';
import type {Member} from './members.ts';
import {createService} from './service.ts';
import {verifyDatabase} from './verify.ts';

const oldKey = randomBytes(32);
const newKey = randomBytes(32);
const onlyOld = createKeyring({current: oldKey});
const both = createKeyring({current: newKey, old: [oldKey]});
const onlyNew = createKeyring({current: newKey});
const internal: unknown = expect.objectContaining({code: 'internal'});

async function setUp() {
  const {url, database, owner, drop} = await createTestDatabase({poolSize: 10});
  onTestFinished(drop);
  const {pool} = database;
  const tenancy = createTenancy(pool, {}, onlyOld);
  const start = (keyring: Keyring) => createService({pool, keyring, now: Date.now, onFault: () => undefined});
  const masterKeyIds = async (): Promise<string[]> => {
    const {rows} = await owner.query<{id: string}>(
      'SELECT DISTINCT master_key_id AS id FROM tenants ORDER BY 1',
    );
    return rows.map(({id}) => id);
  };
  const steps: RotationStep[] = [];
  const rotate = (keyring: Keyring, onStep: (step: RotationStep) => void = () => undefined) =>
    rotateKeys({
      pool,
      keyring,
      onStep(step) {
        steps.push(step);
        onStep(step);
      },
    });
  return {url, pool, owner, tenancy, start, masterKeyIds, steps, rotate};
}

type SetUp = Awaited<ReturnType<typeof setUp>>;
type Started = Awaited<ReturnType<SetUp['start']>>;

async function write(service: Started, member: Member, notes: string): Promise<void> {
  const task = newTask(member, 'Mend the roof');
  kept(await service.lanes.submit(task.create));
  kept(await service.lanes.submit(jsonSubmission(member, {...task, payload: {notes}})));
}

async function readNotes(service: Started, member: Member): Promise<unknown[]> {
  const {items} = await service.feed.readPage(member, {after: 0, limit: 1000});
  return items.map((item) => (JSON.parse(new TextDecoder().decode(item.payload)) as {notes: unknown}).notes);
}

async function tenantsOf({tenancy}: SetUp, count: number): Promise<Member[]> {
  const members: Member[] = [];
  while (members.length < count) members.push((await tenancy.newTenant()).manager);
  return members;
}

const rotatedRows = async ({owner}: SetUp): Promise<string[]> => {
  const {rows} = await owner.query<{tenantId: TenantId}>(
    `SELECT tenant_id AS "tenantId" FROM audit_logs WHERE action = 'keys.rotated' ORDER BY 1`,
  );
  return rows.map(({tenantId}) => tenantId);
};

const idsOf = (members: readonly Member[]): string[] => members.map(({tenantId}) => tenantId).sort();

test('a server with both keys writes and reads all the while; then the new key alone opens old and new data, and the old one nothing', async () => {
  const set = await setUp();
  const members = await tenantsOf(set, 5);
  const before = await set.start(onlyOld);
  for (const member of members) await write(before, member, 'written before');

  const serving = await set.start(both);
  let done = false;
  let rounds = 0;
  const expected = new Map(members.map((member) => [member, ['written before']]));
  const serve = async (): Promise<void> => {
    do {
      for (const member of members) {
        const notes = `written in round ${rounds}`;
        await write(serving, member, notes);
        expected.get(member)?.push(notes);
        // As a server that has not had the tenant so far.
        serving.tenantKeys.forget(member.tenantId);
        expect(await readNotes(serving, member)).toEqual(expected.get(member));
      }
      rounds++;
    } while (!done);
  };
  const served = serve();
  const report = await set.rotate(both);
  done = true;
  await served;

  expect(report).toEqual({masterKeyId: both.currentId, rotated: 5, failed: 0, neededMasterKeyIds: []});
  expect(await set.masterKeyIds()).toEqual([both.currentId]);
  const after = await set.start(onlyNew);
  const stale = await set.start(onlyOld);
  const prepared = await set.start(createKeyring({current: oldKey, old: [newKey]}));
  for (const member of members) {
    await write(after, member, 'written after');
    expect(await readNotes(after, member)).toEqual([...expected.get(member)!, 'written after']);
    expect(await readNotes(prepared, member)).toContain('written after');
    await expect(readNotes(stale, member)).rejects.toEqual(internal);
    // It had opened the key before, which is still the tenant's.
    expect(await readNotes(before, member)).toContain('written after');
  }
  expect(await verifyDatabase({pool: set.pool, keyring: onlyNew})).toMatchObject({tenants: 5, faults: []});
});

test('each tenant is rotated once and its log says so, also when two rotations run at once or it is run again', async () => {
  const set = await setUp();
  const members = await tenantsOf(set, 12);
  const held = await holdCommits(set.owner, idsOf(members)[3]!);
  const reports = Promise.all([set.rotate(both), set.rotate(both)]);
  // Both are at the same tenant.
  await untilWaiting(set, 2);
  await held.release();
  const rotated = (await reports).map((report) => report.rotated);
  expect(rotated.reduce((sum, count) => sum + count)).toBe(12);
  expect(await rotatedRows(set)).toEqual(idsOf(members));
  expect(await set.rotate(both)).toMatchObject({rotated: 0, failed: 0});
  expect(await verifyDatabase({pool: set.pool, keyring: onlyNew})).toMatchObject({faults: []});
  const {rows} = await set.owner.query<{summary: string}>(
    `SELECT DISTINCT summary FROM audit_logs WHERE action = 'keys.rotated'`,
  );
  expect(rows).toEqual([
    {
      summary: `Wrapped the tenant's key with master key ${both.currentId} instead of ${onlyOld.currentId}.`,
    },
  ]);
});

test('tenants made meanwhile, under either key, end under the new one', async () => {
  const set = await setUp();
  await tenantsOf(set, 3);
  const made: Promise<unknown>[] = [];
  const late = createTenancy(set.pool, {}, both);
  await set.rotate(both, () => {
    if (made.length < 6) made.push(set.tenancy.newTenant(), late.newTenant());
  });
  await Promise.all(made);
  // Whatever was committed only after the last look is for the next run.
  await set.rotate(both);
  expect(await set.masterKeyIds()).toEqual([both.currentId]);
  expect(await verifyDatabase({pool: set.pool, keyring: onlyNew})).toMatchObject({tenants: 9, faults: []});
});

test('a tenant made behind the place that was reached is found in the same run', async () => {
  const set = await setUp();
  const last = idsOf(await tenantsOf(set, 3)).at(-1)!;
  const held = await holdCommits(set.owner, last);
  const rotating = set.rotate(both);
  await held.waiting();
  let made: string;
  do made = (await set.tenancy.newTenant()).tenantId;
  while (made > last);
  await held.release();
  await rotating;
  expect(await rotatedRows(set)).toContain(made);
  expect(await set.masterKeyIds()).toEqual([both.currentId]);
});

test('a key whose master key is missing, or that was altered, is named and stays; the others are rotated', async () => {
  const set = await setUp();
  const lostKey = randomBytes(32);
  const lost = createKeyring({current: lostKey});
  const [first, altered, other] = await tenantsOf(set, 3);
  const {tenantId: stranded} = await createTenancy(set.pool, {}, lost).newTenant();
  await set.owner.query(
    'UPDATE tenants SET wrapped_key = (SELECT wrapped_key FROM tenants WHERE id = $2) WHERE id = $1',
    [altered!.tenantId, first!.tenantId],
  );

  expect(await set.rotate(both)).toEqual({
    masterKeyId: both.currentId,
    rotated: 2,
    failed: 2,
    neededMasterKeyIds: [lost.currentId, onlyOld.currentId].sort(),
  });
  expect(await rotatedRows(set)).toEqual(idsOf([first!, other!]));
  const failures = set.steps.filter(({kind}) => kind === 'failed');
  expect(failures).toHaveLength(2);
  expect(failures).toEqual(
    expect.arrayContaining([
      {
        kind: 'failed',
        tenantId: stranded,
        masterKeyId: lost.currentId,
        reason: 'A tenant key is under a master key that is not set.',
      },
      {
        kind: 'failed',
        tenantId: altered!.tenantId,
        masterKeyId: onlyOld.currentId,
        reason: 'A sealed value cannot be opened here.',
      },
    ]),
  );
  // Nothing that stays is harmed: the key that was missing opens it, now or later.
  const all = createKeyring({current: newKey, old: [oldKey, lostKey]});
  expect(await set.rotate(all)).toMatchObject({rotated: 1, failed: 1});
  expect(await rotatedRows(set)).toContain(stranded);
});

interface Run {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
  readonly errors: string;
}

/** The command as an operator runs it. killWhen: SIGKILL once this resolves. */
async function runCommand(
  set: SetUp,
  {old, killWhen}: {old: readonly Uint8Array[]; killWhen?: () => Promise<void>},
): Promise<Run> {
  const child = spawn(
    'node',
    ['--import', './load-typescript.js', 'server/fieldmerge-command.ts', 'rotate-keys'],
    {
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_URL: set.url,
        DATA_DIR: await makeScratchFolder(),
        MASTER_KEY: newKey.toString('base64'),
        MASTER_KEYS_OLD: old.map((key) => Buffer.from(key).toString('base64')).join(','),
      },
    },
  );
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  await killWhen?.();
  if (killWhen !== undefined) child.kill('SIGKILL');
  const [code] = await closed;
  for (const key of [newKey, ...old]) {
    expect(output + errors).not.toContain(Buffer.from(key).toString('base64'));
    expect(output + errors).not.toContain(Buffer.from(key).toString('hex'));
  }
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return {code, errors, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>)};
}

test('killed in the middle of a tenant, the command goes on with that tenant when it is run again', async () => {
  const set = await setUp();
  const ids = idsOf(await tenantsOf(set, 20));
  const held = await holdCommits(set.owner, ids[12]!);
  const killed = await runCommand(set, {old: [oldKey], killWhen: () => held.waiting()});
  expect(killed.code).toBeNull();
  await held.release();
  expect(await rotatedRows(set)).toEqual(ids.slice(0, 12));

  const {code, lines, errors} = await runCommand(set, {old: [oldKey]});
  expect({code, errors}).toEqual({code: 0, errors: ''});
  expect(lines.map(({tenantId}) => tenantId)).toEqual([...ids.slice(12), undefined]);
  expect(lines[0]).toEqual({kind: 'rotated', tenantId: ids[12], masterKeyId: onlyOld.currentId});
  expect(lines.at(-1)).toEqual({
    kind: 'summary',
    masterKeyId: both.currentId,
    rotated: 8,
    failed: 0,
    neededMasterKeyIds: [],
  });
  expect(await rotatedRows(set)).toEqual(ids);
  expect(await verifyDatabase({pool: set.pool, keyring: onlyNew})).toMatchObject({tenants: 20, faults: []});
}, 60_000);

test('without the old master key the command says which one it needs, and answers 1', async () => {
  const set = await setUp();
  await tenantsOf(set, 2);
  await createTenancy(set.pool, {}, both).newTenant();
  const {code, lines, errors} = await runCommand(set, {old: [randomBytes(32)]});
  expect(code).toBe(1);
  expect(lines.at(-1)).toMatchObject({kind: 'summary', rotated: 0, failed: 2});
  expect(errors).toContain(`2 keys could not be opened`);
  expect(errors).toContain(onlyOld.currentId);
}, 60_000);
