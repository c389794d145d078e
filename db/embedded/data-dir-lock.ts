// Keeps a DATA_DIR to one server. Each server puts down a file of its own first and looks for others
// second, so of two that start at once at least one sees the other. No lock is ever broken: a file whose
// process is gone (pid and start time both compared) simply does not count.
import {readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {processStart, waitUntil} from './os-process.ts';

/** How long one of several servers that start at once waits for the others to step back. */
const STEP_BACK_MS = 300;

const lockName = /^server-(\d+)-([0-9A-Za-z]+)\.lock$/;

/** Pids of live processes, other than that of `ownName`, which have a lock file in `dataDir`. */
async function findHolders(dataDir: string, ownName: string): Promise<number[]> {
  const holders: number[] = [];
  for (const name of await readdir(dataDir)) {
    const [, pid, start] = lockName.exec(name) ?? [];
    if (pid === undefined || name === ownName) continue;
    if ((await processStart(Number(pid))) === start) holders.push(Number(pid));
    else await rm(join(dataDir, name), {force: true});
  }
  return holders;
}

/**
 * Locks `dataDir` for this process; the returned function unlocks it.
 * Throws `DATA_DIR ... is in use by process N` while another process, or this one, holds it.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const name = `server-${process.pid}-${(await processStart(process.pid)) ?? '0'}.lock`;
  const path = join(dataDir, name);
  const inUseBy = (pid: number) => new Error(`DATA_DIR ${dataDir} is in use by process ${pid}`);
  try {
    await writeFile(path, '', {flag: 'wx'});
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw inUseBy(process.pid);
    throw error;
  }
  const unlock = () => rm(path, {force: true});
  let holders = await findHolders(dataDir, name);
  // Of servers that start at once those with a higher pid step back, so that not all of them do.
  if (holders.length > 0 && holders.every((pid) => pid > process.pid)) {
    await waitUntil(async () => (holders = await findHolders(dataDir, name)).length === 0, {
      timeoutMs: STEP_BACK_MS,
    });
  }
  const [holder] = holders;
  if (holder === undefined) return unlock;
  await unlock();
  throw inUseBy(holder);
}
