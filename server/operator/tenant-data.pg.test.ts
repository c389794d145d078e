// A tenant handed over and a tenant erased: what the export holds, and that after the erasure nothing is left to read, in
// tables, files or backups, while everybody else's is as it was.
import {randomUUID} from 'node:crypto';
import {readdir, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createKeyring} from '#db/cipher.ts';
import {bodyPlace} from '#db/records.ts';
import {readTenantKey} from '#db/tenants.ts';
import {withTenant} from '#db/transaction.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {findNeedles, needleOf} from '#test/support/needles.ts';
import {operate} from '#test/support/operator.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {everyConsent, sceneIn, type Scene} from '#test/support/sending-scene.ts';
import {openUploads, png} from '#test/support/uploads.ts';
import {createWorld, type Person, type World} from '#test/support/world.ts';

/** Two tenants with something in every table: an issued invoice that went out, a file, a conflict, a kept change. */
async function setStage(): Promise<{world: World; ours: Scene; theirs: Scene}> {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const [ours, theirs] = [await sceneIn(world), await sceneIn(world, {...everyConsent, displayName: 'Otto'})];
  for (const scene of [ours, theirs]) await fill(world, scene);
  return {world, ours, theirs};
}

async function fill(world: World, {manager, clientId, send, work}: Scene): Promise<void> {
  const bo = await world.newMember(manager, 'employee');
  await world.newMember(manager, 'manager');
  await openUploads(world).upload(manager, {ownerType: 'clients', ownerId: clientId});
  await send(['email']);
  await work({});
  const task = randomUUID();
  await manager.push([{entity: 'tasks', entityId: task, payload: {title: 'Fix the pump'}}]);
  await overwrite(manager, task);
  // Out of Bo's scope, so it is kept.
  await bo.push([{entity: 'tasks', entityId: task, payload: {notes: 'The key is with the neighbour.'}}]);
}

async function overwrite(manager: Person, task: string): Promise<void> {
  const {nextCursor: base} = await manager.pull();
  await manager.push([{entity: 'tasks', entityId: task, payload: {title: 'Mend the pump'}}]);
  const other = manager.onNewDevice();
  await other.push([{entity: 'tasks', entityId: task, base, payload: {title: 'Replace the pump'}}]);
}

type Line = Record<string, unknown> & {readonly kind: string};

async function readLines(path: string): Promise<Line[]> {
  return (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** Every row of every table that names a tenant, as text, by table. */
async function dump(world: World, tenantId: string): Promise<Record<string, number>> {
  const {rows: tables} = await world.database.owner.query<{name: string}>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
  );
  const found: Record<string, number> = {};
  for (const {name} of tables) {
    const {rows} = await world.database.owner.query<{count: number}>(
      `SELECT count(*) AS count FROM "${name}" AS t WHERE t::text LIKE $1`,
      [`%${tenantId}%`],
    );
    if (rows[0]!.count > 0) found[name] = rows[0]!.count;
  }
  return found;
}

test('an export has every record, member, conflict, kept change, delivery and log row, and the files', async () => {
  const {world, ours} = await setStage();
  const {tenantId} = ours.manager;
  const folder = await makeScratchFolder();
  const [to, files] = [join(folder, 'tenant.jsonl'), join(folder, 'files')];
  const {isGood, json} = await operate(world, 'export-tenant', tenantId, '--to', to, '--files', files);
  const lines = await readLines(to);
  expect([isGood, json]).toEqual([true, {tenantId, lines: lines.length, to, files: {copied: 1, missing: 0}}]);
  expect((await stat(to)).mode & 0o777).toBe(0o600);

  const of = (kind: string): Line[] => lines.filter((line) => line.kind === kind);
  expect(lines[0]).toMatchObject({kind: 'tenant', format: 1, tenantId, name: 'Example Services'});
  expect(lines.at(-1)).toEqual({kind: 'end', lines: lines.length - 1});
  expect(of('member').map(({role}) => role)).toEqual(['manager', 'employee', 'manager']);
  expect(of('conflict')).toMatchObject([{fields: [{winner: {value: 'Replace the pump'}}]}]);
  expect(of('kept-change')).toMatchObject([{entity: 'tasks', status: 'open'}]);
  expect(of('delivery')).toMatchObject([{recipient: 'erika@example.com', state: 'local'}]);

  const {changes} = await ours.manager.pull();
  const byId = new Map(of('record').map((line) => [line['id'], line['payload']]));
  expect(byId.size).toBe(changes.length);
  // A pull adds id, position and time, which are members of the line.
  expect(Object.fromEntries(changes.map(({entityId, payload}) => [entityId, payload]))).toMatchObject(
    Object.fromEntries(byId),
  );
  const seqs = of('audit').map(({seq}) => seq);
  expect(seqs).toEqual(Array.from({length: seqs.length}, (_, index) => index + 1));
  expect(of('audit').at(-1)).toMatchObject({action: 'operator.exported', seq: lines[0]!['seq']});

  const paths = of('file').map(({path}) => join(files, path as string));
  const copies = await Promise.all(paths.map((path) => readFile(path)));
  expect(copies.some((bytes) => bytes.equals(png))).toBe(true);
});

test('an export is never written over something', async () => {
  const {world, ours} = await setStage();
  const to = join(await makeScratchFolder(), 'tenant.jsonl');
  await operate(world, 'export-tenant', ours.manager.tenantId, '--to', to);
  const again = operate(world, 'export-tenant', ours.manager.tenantId, '--to', to);
  await expect(again).rejects.toThrow(/it is there already/);
});

test('after an erasure no table and no file has anything of the tenant, and the others have all of theirs', async () => {
  const {world, ours, theirs} = await setStage();
  const {tenantId} = ours.manager;
  const before = await dump(world, theirs.manager.tenantId);
  expect(Object.keys(await dump(world, tenantId))).toEqual(
    expect.arrayContaining(Object.keys(before).filter((table) => table !== 'series')),
  );

  const {isGood, questions, json} = await operate(
    world,
    'erase-tenant',
    tenantId,
    '--name',
    'Example Services',
  );
  expect([isGood, questions]).toEqual([true, [expect.stringContaining('Example Services')]]);
  expect(json).toMatchObject({tenantId, files: 1, rows: {tenants: 1, records: expect.any(Number) as number}});

  expect(await dump(world, tenantId)).toEqual({});
  expect(await dump(world, theirs.manager.tenantId)).toEqual(before);
  const stored = await openUploads(world).stored();
  expect(stored.filter((name) => name.includes(tenantId))).toEqual([]);
  expect(stored.filter((name) => name.includes(theirs.manager.tenantId))).toHaveLength(1);
  const needles = [needleOf('a photo', png), needleOf('an address', 'erika@example.com')];
  for (const name of await readdir(world.dataDir, {recursive: true, withFileTypes: true}))
    if (name.isFile())
      expect(findNeedles(await readFile(join(name.parentPath, name.name)), needles)).toEqual([]);

  world.service.accessChanged(tenantId as TenantId);
  expect(await ours.manager.get('/v1/sync/pull')).toMatchObject({body: {code: 'no_membership'}});
  expect((await theirs.manager.get('/v1/sync/pull')).status).toBe(200);
  const proof = await verifyDatabase({pool: world.service.pool, keyring: world.service.keyring});
  expect(proof).toMatchObject({tenants: 1, faults: []});
});

test('what a backup holds of an erased tenant cannot be opened, though the master key is still there', async () => {
  const {world, ours, theirs} = await setStage();
  const {pool, keyring} = world.service;
  const tenantId = ours.manager.tenantId as TenantId;
  const {rows: backup} = await world.database.owner.query<{
    entity: 'tasks';
    id: string;
    version: number;
    body: Buffer;
  }>('SELECT entity, id, version, body FROM records WHERE tenant_id = $1', [tenantId]);
  const keyOf = (id: string) =>
    withTenant(pool, id as TenantId, (client) => readTenantKey(client, id as TenantId));
  const open = async (id: string): Promise<number> => {
    const key = await keyOf(id);
    if (key === undefined) return 0;
    const cipher = keyring.openTenantKey(tenantId, key);
    return backup.map(({body, version, ...record}) => cipher.open(body, bodyPlace(record, version))).length;
  };
  expect(await open(tenantId)).toBe(backup.length);
  await operate(world, 'erase-tenant', tenantId, '--name', 'Example Services');
  // The newest backup of keys has none for it; those it has fit nothing of it.
  expect(await keyOf(tenantId)).toBeUndefined();
  const other = (await keyOf(theirs.manager.tenantId))!;
  expect(() => keyring.openTenantKey(tenantId, other)).toThrow(/cannot be opened/);
  const cipher = keyring.openTenantKey(theirs.manager.tenantId as TenantId, other);
  for (const {body, version, ...record} of backup)
    expect(() => cipher.open(body, bodyPlace(record, version))).toThrow(/cannot be opened/);
  expect(() => createKeyring({current: Buffer.alloc(32)}).openTenantKey(tenantId, other)).toThrow();
});

test('an erasure that was stopped after the key goes on when it is run again', async () => {
  const {world, ours} = await setStage();
  const {tenantId} = ours.manager;
  const {owner} = world.database;
  // Stopped at the first table it cannot delete from.
  await owner.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
  );
  await owner.query('CREATE TRIGGER refuse BEFORE DELETE ON records EXECUTE FUNCTION refuse()');
  await expect(operate(world, 'erase-tenant', tenantId)).rejects.toThrow('no');
  // As a node hears of it from the counters.
  world.service.accessChanged(tenantId as TenantId);
  expect(await ours.manager.get('/v1/sync/pull')).toMatchObject({body: {code: 'no_membership'}});
  await expect(world.service.tenantKeys.cipherOf(tenantId as TenantId)).rejects.toThrow(/master key/);
  await owner.query('DROP TRIGGER refuse ON records');
  expect((await operate(world, 'erase-tenant', tenantId)).isGood).toBe(true);
  expect(await dump(world, tenantId)).toEqual({});
});

test('nobody may delete a log, before an erasure and after it', async () => {
  const {world, ours, theirs} = await setStage();
  await operate(world, 'erase-tenant', ours.manager.tenantId);
  const tenantId = theirs.manager.tenantId as TenantId;
  const deletion = withTenant(world.service.pool, tenantId, (client) =>
    client.query('DELETE FROM audit_logs WHERE tenant_id = $1', [tenantId]),
  );
  await expect(deletion).rejects.toThrow(/permission denied/);
});
