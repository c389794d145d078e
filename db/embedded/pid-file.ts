// Which Postgres runs on a cluster, as its file postmaster.pid and the operating system tell together: finding
// one that a killed server left behind, and stopping it.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {processCommand, waitUntil} from './os-process.ts';

/** A fast shutdown writes a checkpoint. Past this it is cut short; the next start then recovers from the log. */
const STOP_MS_MAX = 30_000;

export interface PidFile {
  readonly pid: number;
  /** Takes connections; a standby, those that read. */
  readonly ready: boolean;
}

const pidFilePath = (cluster: string) => join(cluster, 'postmaster.pid');

/** Undefined: no such file, so no Postgres runs or the last one stopped in order. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(pidFilePath(cluster), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0
    ? {pid, ready: /^(ready|standby)$/.test(lines[7]?.trim() ?? '')}
    : undefined;
}

const isPostmasterOf = async (cluster: string, pid: number): Promise<boolean> =>
  ((await processCommand(pid)) ?? '').includes(`postgres -D ${cluster} `);

/** Pid of the Postgres that runs on `cluster`, whoever started it. */
export async function findPostmaster(cluster: string): Promise<number | undefined> {
  const file = await readPidFile(cluster);
  return file !== undefined && (await isPostmasterOf(cluster, file.pid)) ? file.pid : undefined;
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone already is what the signal was for.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Stops a Postgres that runs on `cluster`, if any, and waits until it is gone.
 * immediate: as in a crash. Otherwise a fast shutdown, cut short when it takes too long.
 */
export async function stopPostmaster(cluster: string, {immediate}: {immediate: boolean}): Promise<void> {
  const pid = await findPostmaster(cluster);
  if (pid === undefined) return;
  const isGone = async () => !(await isPostmasterOf(cluster, pid));
  signal(pid, immediate ? 'SIGQUIT' : 'SIGINT');
  if (await waitUntil(isGone, {timeoutMs: STOP_MS_MAX})) return;
  signal(pid, 'SIGQUIT');
  if (!(await waitUntil(isGone, {timeoutMs: STOP_MS_MAX})))
    throw new Error(`Postgres (process ${pid}) does not stop`);
}

/**
 * Makes a postmaster.pid whose process is not a Postgres of this cluster harmless. Postgres does that itself
 * unless the pid belongs to another process by now (after a crash of the machine or a restart of a container).
 * Our own pid, as the parent of the new Postgres, tells it that the file is stale; it still checks that no
 * process of the old one uses its memory, which removing the file would skip.
 */
export async function disarmPidFile(cluster: string): Promise<void> {
  const file = await readPidFile(cluster);
  if (file === undefined || file.pid === process.pid) return;
  const text = await readFile(pidFilePath(cluster), 'utf8');
  await writeFile(pidFilePath(cluster), text.replace(/^\d+/, String(process.pid)));
}
