// DATABASE_URL may name an ordinary role: it owns the tables, is no superuser, and is held by row-level security
// like everybody else.
import {randomUUID} from 'node:crypto';
import pg from 'pg';
import {expect, inject, onTestFinished, test} from 'vitest';
import {kept} from '#test/support/lane-kit.ts';
import {jsonSubmission} from '#test/support/submissions.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {urlOfDatabase} from '#test/support/postgres-setup.ts';
import {createService} from '#server/sync/service.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {connectDatabase} from './connect.ts';
import {migrateDatabase} from './migrate.ts';

/** An empty database of an ordinary role's own, which may take on the roles given; its URL. Gone with the test. */
async function createOwnDatabase({mayTakeOn}: {mayTakeOn: readonly string[]}): Promise<string> {
  const name = `owner_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({connectionString: inject('postgresUrl')});
  await admin.connect();
  onTestFinished(async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`DROP ROLE ${name}`).finally(() => admin.end());
  });
  await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
  for (const role of mayTakeOn) await admin.query(`GRANT ${role} TO ${name} WITH INHERIT FALSE, SET TRUE`);
  await admin.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`);
  const url = new URL(urlOfDatabase(inject('postgresUrl'), name));
  [url.username, url.password] = [name, name];
  return url.href;
}

test('an owner who is no superuser migrates, serves, and verifies', async () => {
  const url = await createOwnDatabase({mayTakeOn: ['app', 'worker']});
  await migrateDatabase(url);
  const {pool, end} = connectDatabase({url, poolSize: 3, applicationName: 'test'});
  onTestFinished(end);
  const {keyring, newTenant} = createTenancy(pool);
  const {manager} = await newTenant();
  await newTenant();
  const service = await createService({pool, keyring, now: Date.now, onFault: () => undefined});
  const change = {entity: 'tasks' as const, id: randomUUID(), payload: {title: 'Mend the roof'}};
  kept(await service.lanes.submit(jsonSubmission(manager, change)));
  kept(await service.lanes.submit(jsonSubmission(manager, {...change, payload: {title: 'Mend the door'}})));
  expect(await verifyDatabase({pool, keyring})).toMatchObject({tenants: 2, records: 1, faults: []});

  const owner = new pg.Client({connectionString: url});
  await owner.connect();
  onTestFinished(() => owner.end());
  for (const table of ['tenants', 'tasks', 'records', 'audit_logs', 'memberships'])
    expect([table, (await owner.query(`SELECT FROM ${table}`)).rowCount]).toEqual([table, 0]);
});

test('an owner who may not take the roles on is told what to ask an administrator for', async () => {
  const url = await createOwnDatabase({mayTakeOn: []});
  await expect(migrateDatabase(url)).rejects.toThrow(/^The role app is there already .* GRANT app TO owner_/);
});
