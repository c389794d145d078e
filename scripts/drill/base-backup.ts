// A base backup of the embedded Postgres while it runs, as Postgres' manual has it under "Low-Level API": the package has no
// pg_basebackup. What it gives is a folder that a Postgres of the same version starts on.
import {execFile} from 'node:child_process';
import {chown, readFile, realpath, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** Of the process that runs, not of the cluster. */
const LEFT_OUT = ['postmaster.pid', 'postmaster.opts', 'pg_wal'];

/** dataDir: of a running embedded database at `url`. target: where there is nothing yet, in a folder that its user may enter. */
export async function takeBaseBackup(
  {url, dataDir}: {url: string; dataDir: string},
  target: string,
): Promise<void> {
  const cluster = await realpath(join(dataDir, 'postgres'));
  const client = new pg.Client({connectionString: url});
  await client.connect();
  try {
    // One session from here to the end: if it breaks, there is no backup.
    await client.query(`SELECT pg_backup_start('fieldmerge', true)`);
    await run('cp', ['-a', cluster, target]);
    for (const name of LEFT_OUT) await rm(join(target, name), {recursive: true, force: true});
    const {rows} = await client.query<{labelfile: string}>('SELECT labelfile FROM pg_backup_stop(false)');
    const {uid, gid} = await stat(cluster);
    const label = join(target, 'backup_label');
    await writeFile(label, rows[0]?.labelfile ?? '', {mode: 0o600});
    await chown(label, uid, gid);
  } finally {
    await client.end();
  }
  // Last: it has what the copy of the other files needs to become one whole.
  await run('cp', ['-a', join(cluster, 'pg_wal'), join(target, 'pg_wal')]);
}

/** The backup as the database of another DATA_DIR. The password is the cluster's. */
export async function restoreBaseBackup(
  {backup, passwordOf}: {backup: string; passwordOf: string},
  dataDir: string,
): Promise<void> {
  await run('cp', ['-a', backup, join(dataDir, 'postgres')]);
  const password = await readFile(join(passwordOf, 'postgres-password'));
  await writeFile(join(dataDir, 'postgres-password'), password, {mode: 0o600});
}
