// What an operator does to devices, messages and persons, and that the log of the tenant says so.
import {randomUUID} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {operate} from '#test/support/operator.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {sceneIn} from '#test/support/sending-scene.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const logOf = async (manager: Person): Promise<string[]> =>
  (await manager.get<AuditResponse>('/v1/audit?limit=100')).body.items.map(({action}) => action);

/** A moment longer than a member is remembered: the command is another process than the server. */
const nodesHear = (tenantId: string): void => world.service.accessChanged(tenantId as never);

test('status has the schema, the epoch and sums, and is content with a healthy installation', async () => {
  await world.newManager();
  const {isGood, json, text} = await operate(world, 'status');
  expect([isGood, json]).toMatchObject([
    true,
    {schema: {missing: []}, nodes: [], totals: {tenants: expect.any(Number) as number}, concerns: []},
  ]);
  expect(text).toMatch(/^schema +\d{4}_\w+$/m);
});

test('status looks for messages that were given up, and requeue gives them their attempts again', async () => {
  const scene = await sceneIn(world);
  const {tenantId} = scene.manager;
  await scene.send(['email', 'sms']);
  await world.database.owner.query(
    `UPDATE deliveries SET state = 'dead', next_at = NULL WHERE tenant_id = $1`,
    [tenantId],
  );
  expect(await operate(world, 'status')).toMatchObject({
    isGood: false,
    text: expect.stringContaining('2 messages were given up') as string,
  });
  const [first] = await scene.deliveries();
  expect((await operate(world, 'requeue', tenantId, '--delivery', first!.id)).json).toEqual({requeued: 1});
  expect((await operate(world, 'requeue', tenantId)).json).toEqual({requeued: 1});
  expect((await scene.deliveries()).map(({state, attempts}) => [state, attempts])).toEqual([
    ['queued', 0],
    ['queued', 0],
  ]);
  expect((await logOf(scene.manager)).filter((action) => action === 'operator.requeued')).toHaveLength(2);
  await expect(operate(world, 'requeue', tenantId, '--delivery', first!.id)).rejects.toThrow(/is dead/);
});

test('devices are listed with whose they are', async () => {
  const maria = await world.newManager();
  await world.newMember(maria, 'employee');
  await maria.onNewDevice().pull();
  const {json} = await operate(world, 'devices', maria.tenantId);
  expect((json as {role: string}[]).map(({role}) => role)).toEqual(['manager', 'employee', 'manager']);
  await expect(operate(world, 'devices', randomUUID())).rejects.toThrow(/There is no tenant/);
});

test('a forced resync voids the cursors of a tenant, or of the member of one device alone', async () => {
  const maria = await world.newManager();
  const bo = await world.newMember(maria, 'employee');
  const pullFrom = async (who: Person, since: string): Promise<string | undefined> =>
    (await who.get<Partial<ProblemBody>>(`/v1/sync/pull?since=${since}`)).body.code;
  const cursors = {maria: (await maria.pull()).nextCursor, bo: (await bo.pull()).nextCursor};
  expect((await operate(world, 'resync', maria.tenantId, '--device', bo.deviceId)).json).toEqual({
    members: 1,
  });
  nodesHear(maria.tenantId);
  expect([await pullFrom(maria, cursors.maria), await pullFrom(bo, cursors.bo)]).toEqual([
    undefined,
    'resync',
  ]);
  const again = (await bo.pull()).nextCursor;
  expect((await operate(world, 'resync', maria.tenantId)).json).toEqual({members: 2});
  nodesHear(maria.tenantId);
  expect([await pullFrom(maria, cursors.maria), await pullFrom(bo, again)]).toEqual(['resync', 'resync']);
  expect((await logOf(maria)).filter((action) => action === 'operator.resync')).toHaveLength(2);
});

test('an export of a person has account, devices, memberships, employee record and what they did', async () => {
  const maria = await world.newManager();
  const bo = await world.newMember(maria, 'employee');
  const to = join(await makeScratchFolder(), 'person.jsonl');
  await operate(world, 'export-person', bo.email, '--to', to);
  const lines = (await readFile(to, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = [...new Set(lines.map(({kind}) => kind))];
  expect(kinds).toEqual(['person', 'device', 'membership', 'record', 'audit', 'end']);
  expect(lines[0]).toMatchObject({email: bo.email, subject: bo.subject});
  expect(lines.find(({kind}) => kind === 'record')).toMatchObject({payload: {email: bo.email}});
  expect(await logOf(maria)).toContain('operator.person_exported');
});

test('an erased person has no name, address, device or membership left, and every chain still verifies', async () => {
  const maria = await world.newManager();
  const bo = await world.newMember(maria, 'employee');
  const task = randomUUID();
  await maria.push([{entity: 'tasks', entityId: task, payload: {title: 'Fix the pump'}}]);
  const {body: me} = await bo.get<{id: string}>('/v1/me');
  await operate(world, 'erase-person', bo.email, '--yes');
  nodesHear(maria.tenantId);
  await world.service.revokedTokens.refresh();
  expect((await bo.get('/v1/me')).status).toBe(401);
  const {rows: tables} = await world.database.owner.query<{name: string}>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'revoked_tokens'`,
  );
  for (const {name} of tables) {
    const {rowCount} = await world.database.owner.query(`SELECT FROM "${name}" AS t WHERE t::text LIKE $1`, [
      `%${bo.subject}%`,
    ]);
    expect([name, rowCount]).toEqual([name, 0]);
  }
  const {rows: users} = await world.database.owner.query('SELECT name, email FROM users WHERE id = $1', [
    me.id,
  ]);
  expect(users).toEqual([{name: 'Erased person', email: null}]);
  const {changes} = await maria.pull();
  expect(changes.find(({entity}) => entity === 'employees')?.payload).toMatchObject({
    displayName: 'Erased person',
    email: null,
  });
  expect(await logOf(maria)).toEqual(
    expect.arrayContaining(['member.removed', 'device.revoked', 'operator.person_erased']),
  );
  const proof = await verifyDatabase({pool: world.service.pool, keyring: world.service.keyring});
  expect(proof.faults).toEqual([]);
  await operate(world, 'erase-person', me.id, '--yes');
});

test('a new epoch voids every cursor once servers are started again', async () => {
  const before = (await world.database.owner.query('SELECT epoch FROM database_epoch')).rows;
  await operate(world, 'new-epoch', '--yes');
  const after = (await world.database.owner.query('SELECT epoch FROM database_epoch')).rows;
  expect(after).not.toEqual(before);
});
