// A base backup of an embedded Postgres, made by the means that every Postgres has in itself: npm's package brings no
// programs for it.
import {execFile} from 'node:child_process';
import {chmod, chown, copyFile, mkdir, realpath, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

export type CopyPurpose =
  /** Goes on as if it were the original: a copy of the disk. */
  | 'twin'
  /** Goes on along a line of its own: a restore to a point in time. */
  | 'restored'
  /** Follows the original. */
  | 'standby';

const signalFiles: Readonly<Record<CopyPurpose, string | null>> = {
  twin: null,
  restored: 'recovery.signal',
  standby: 'standby.signal',
};

/** url: of the running original, as its owner. from, to: data directories; `to` is made. Start it with startEmbedded. */
export async function copyCluster({
  url,
  from,
  to,
  purpose,
}: {
  url: string;
  from: string;
  to: string;
  purpose: CopyPurpose;
}): Promise<void> {
  const [source, copy] = [await realpath(join(from, 'postgres')), join(to, 'postgres')];
  await mkdir(to, {recursive: true});
  await chmod(to, 0o711);
  await copyFile(join(from, 'postgres-password'), join(to, 'postgres-password'));
  const client = new pg.Client({connectionString: url});
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('copy', true)`);
    await run('cp', ['-a', source, copy]);
    const {rows} = await client.query<{labelfile: string}>('SELECT labelfile FROM pg_backup_stop(false)');
    // What was written during the copy is in the log, which is complete only now.
    await run('cp', ['-a', `${source}/pg_wal/.`, join(copy, 'pg_wal')]);
    await writeFile(join(copy, 'backup_label'), rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
  await rm(join(copy, 'postmaster.pid'));
  const signalFile = signalFiles[purpose];
  if (signalFile !== null) await writeFile(join(copy, signalFile), '');
  const {uid, gid} = await stat(copy);
  for (const name of ['backup_label', ...(signalFile === null ? [] : [signalFile])])
    await chown(join(copy, name), uid, gid);
}
