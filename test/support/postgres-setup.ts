// One Postgres for a whole test run (vitest's globalSetup): started before the first test file, with a template
// database that has all migrations, so that a test gets a database of its own in milliseconds. Commits wait for
// the disk as in production (a server refuses to start otherwise), but a crash of the machine would spoil the files.
// Tests that kill Postgres start one of their own.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdtemp, realpath} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import pg from 'pg';
import type {TestProject} from 'vitest/node';
import {startEmbedded} from '#db/embedded.ts';
import {migrateDatabase} from '#db/migrate.ts';

export const TEMPLATE_DATABASE = 'fieldmerge_template';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the run's Postgres, of a database that no test writes to. */
    postgresUrl: string;
    /** Folder of this run; see scratch-folder.ts. */
    scratchFolder: string;
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
 * Stops every Postgres whose data lies in the folder $1 or is linked from there, and removes it all. Runs when
 * the pipe it reads from ends: at the end of the run, or when this process is killed.
 */
const janitorScript = `
cat
find -L "$1" -name postmaster.pid | while read -r file; do
  pid=$(head -n 1 "$file")
  { cat "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } | grep -aq postgres || continue
  kill -QUIT "$pid"
  while [ -e "$file" ] && kill -0 "$pid"; do sleep 0.02; done
done
find "$1" -name postgres -type l | while read -r link; do rm -rf "$(dirname "$(readlink "$link")")"; done
rm -rf "$1"`;

/** The returned function lets the janitor work and waits for it. */
function startJanitor(folder: string): () => Promise<void> {
  const shell = spawn('/bin/sh', ['-c', janitorScript, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C reaches the test run, not its janitor.
    detached: true,
  });
  shell.unref();
  return async () => {
    shell.ref();
    const gone = once(shell, 'exit');
    shell.stdin.end();
    await gone;
  };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-test-'));
  // As root, Postgres runs as another user, which must get in.
  await chmod(folder, 0o711);
  const cleanUp = startJanitor(folder);
  try {
    const {url} = await startEmbedded({dataDir: join(folder, 'data'), settings});
    await makeTemplate(url);
    project.provide('postgresUrl', url);
    project.provide('scratchFolder', folder);
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return cleanUp;
}
