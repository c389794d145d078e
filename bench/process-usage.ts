// CPU time and memory of a process as the operating system (Linux, /proc) counts them, not as it tells of itself.
import {readdir, readFile, writeFile} from 'node:fs/promises';

/** /proc counts in ticks of 10 ms on every Linux in use. */
const TICKS_PER_SECOND = 100;

interface Ticks {
  readonly parent: number;
  /** Of the process and its threads. */
  readonly own: number;
  /** Of its children that have ended and were waited for. */
  readonly ended: number;
}

async function readTicks(pid: number | string): Promise<Ticks | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name before the last parenthesis may hold spaces. After it: state, parent, ... user, system, and the children's.
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(rest[index]);
  return {parent: number(1), own: number(11) + number(12), ended: number(13) + number(14)};
}

/** CPU seconds a process has used so far, all threads. Resolution 10 ms. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const ticks = await readTicks(pid);
  return (ticks?.own ?? NaN) / TICKS_PER_SECOND;
}

/** CPU seconds of a process and of its children, those that ended too: a Postgres with its backends. */
export async function cpuSecondsOfFamily(pid: number): Promise<number> {
  const self = await readTicks(pid);
  let total = (self?.own ?? NaN) + (self?.ended ?? 0);
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const ticks = await readTicks(entry);
    if (ticks?.parent === pid) total += ticks.own;
  }
  return total / TICKS_PER_SECOND;
}

/** From now on `peakBytesOf` tells the peak since this call. */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

async function statusBytesOf(pid: number, key: 'VmHWM' | 'VmRSS'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN) * 1_024;
}

/** Most memory (resident set) a process held. */
export const peakBytesOf = (pid: number): Promise<number> => statusBytesOf(pid, 'VmHWM');

/** Memory (resident set) a process holds now. */
export const residentBytesOf = (pid: number): Promise<number> => statusBytesOf(pid, 'VmRSS');
