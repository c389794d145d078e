// A migrated database for one test or one test file, thrown away afterwards.
import {randomUUID} from 'node:crypto';
import pg from 'pg';
import {inject} from 'vitest';
import {connectDatabase, type Database} from '#db/connect.ts';
import {TEMPLATE_DATABASE, urlOfDatabase} from './postgres-setup.ts';

export interface TestDatabase {
  readonly url: string;
  /** As the server has it: a statement outside of a tenant's transaction sees no tenant's rows. */
  readonly database: Database;
  /** Sees and changes everything: to look at whole tables, and to do by hand what no code does. */
  readonly owner: pg.Pool;
  /** Closes `database` and `owner`, cuts off whoever else is connected, and drops it. A second call does nothing. */
  readonly drop: () => Promise<void>;
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({connectionString: inject('postgresUrl')});
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** Copies the template. Call `drop` in `afterAll`, `afterEach` or `onTestFinished`; the end of the run drops all. */
export async function createTestDatabase({poolSize = 4}: {poolSize?: number} = {}): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  const url = urlOfDatabase(inject('postgresUrl'), name);
  const database = connectDatabase({url, poolSize, applicationName: 'test'});
  const owner = connectDatabase({url, poolSize: 2, applicationName: 'test owner', role: 'own'});
  let dropped: Promise<void> | undefined;
  const drop = async () => {
    await Promise.all([database.end(), owner.end()]);
    await administer(`DROP DATABASE ${name} WITH (FORCE)`);
  };
  return {url, database, owner: owner.pool, drop: () => (dropped ??= drop())};
}
