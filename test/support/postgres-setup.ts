// One Postgres for a whole test run (vitest's globalSetup): started before the first test file, with a template
// database that has all migrations, so that a test gets a database of its own in milliseconds. Commits wait for
// the disk as in production (a server refuses to start otherwise), but a crash of the machine would spoil the files.
// Tests that kill Postgres start one of their own.
import {spawn} from 'node:child_process';
import {chmod, mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import pg from 'pg';
import type {TestProject} from 'vitest/node';
import {startEmbedded, type Embedded} from '#db/embedded.ts';
import {migrateDatabase} from '#db/migrate.ts';

export const TEMPLATE_DATABASE = 'fieldmerge_template';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the run's Postgres, of a database that no test writes to. */
    postgresUrl: string;
  }
}

const settings = {
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '300',
};

export const urlOfDatabase = (url: string, database: string): string => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client({connectionString: url});
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`).finally(() => client.end());
  await migrateDatabase(urlOfDatabase(url, TEMPLATE_DATABASE));
}

/**
 * Cleans up should this process be killed: a shell in a session of its own reads from a pipe that only this
 * process can close. Stopping ends it first.
 */
async function startJanitor(dataDir: string): Promise<() => void> {
  const cluster = await realpath(join(dataDir, 'postgres'));
  const home = cluster.slice(0, -'/postgres'.length);
  const script =
    'read -r line; [ "$line" = done ] && exit; kill -QUIT "$(head -n 1 "$1/postgres/postmaster.pid")"; ' +
    'while kill -0 "$(head -n 1 "$1/postgres/postmaster.pid")"; do sleep 0.1; done; rm -rf "$1" "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', home, dataDir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  return () => shell.stdin.end('done\n');
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-test-'));
  // As root, Postgres runs as another user, which must get in.
  await chmod(dataDir, 0o711);
  const embedded: Embedded = await startEmbedded({dataDir, settings});
  const dismissJanitor = await startJanitor(dataDir);
  const stop = async () => {
    const home = await realpath(join(dataDir, 'postgres'));
    await embedded.kill();
    dismissJanitor();
    await rm(home.slice(0, -'/postgres'.length), {recursive: true, force: true});
    await rm(dataDir, {recursive: true, force: true});
  };
  try {
    await makeTemplate(embedded.url);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('postgresUrl', embedded.url);
  return stop;
}
