// What the operating system says about a process. A pid alone proves nothing, since pids are used again,
// so every question here also looks at the start time or the command line.
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {promisify} from 'node:util';

const run = promisify(execFile);

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');

/** Output of `ps`, or '' where the process is gone: `ps` then exits with 1. */
async function askPs(pid: number, columns: string): Promise<string> {
  try {
    const {stdout} = await run('ps', ['-ww', '-p', String(pid), '-o', columns], {env: {LC_ALL: 'C'}});
    return stdout.trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return '';
    throw error;
  }
}

/**
 * A token of letters and digits that differs between two processes that had the same pid.
 * Undefined: no such process, or only its exit status is left (a zombie).
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const [state = '', ...start] = (await askPs(pid, 'stat=,lstart=')).split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : start.join('').replaceAll(/\W/g, '');
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second column is the program's name in brackets, which may itself hold brackets and blanks.
    const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return columns[0] === 'Z' || columns[0] === 'X' ? undefined : columns[19];
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The command line, arguments parted by blanks. Undefined: no such process, or a zombie. */
export async function processCommand(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return (await askPs(pid, 'command=')) || undefined;
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ') || undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Asks `condition` again and again until it holds. False: it did not within `timeoutMs`. */
export async function waitUntil(
  condition: () => Promise<boolean>,
  {timeoutMs, everyMs = 10}: {timeoutMs: number; everyMs?: number},
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return true;
}
