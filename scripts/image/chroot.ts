// Runs a program in a folder that holds a whole system, as a container engine would: with /proc, /dev and nothing else
// of this machine, as the user named. The network is this machine's. Needs root.
import {spawn, type ChildProcess, type StdioOptions} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

export interface ChrootRun {
  readonly root: string;
  readonly command: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** As the system's own /etc/passwd names it. */
  readonly user: string;
  /** Folders and files of this machine by where they are seen inside. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
}

/** The process is the program itself, so signals reach it. Mounts end with it. */
export function startInChroot(run: ChrootRun): ChildProcess {
  const {root, command, env, workdir, user, mounts = {}} = run;
  const all = {'/etc/resolv.conf': '/etc/resolv.conf', ...mounts};
  for (const [inside, outside] of Object.entries(all)) makePlace(join(root, inside), outside);
  const {uid, gid} = accountOf(root, user);
  const script = [
    'set -e',
    `mount --rbind /dev ${quote(join(root, 'dev'))}`,
    `mount -t proc proc ${quote(join(root, 'proc'))}`,
    ...Object.entries(all).map(
      ([inside, outside]) => `mount --bind ${quote(outside)} ${quote(join(root, inside))}`,
    ),
    `exec chroot --userspec=${uid}:${gid} ${quote(root)} /usr/bin/env -i --chdir=${quote(workdir)} ${settingsOf(env)} ${command
      .map(quote)
      .join(' ')}`,
  ].join('\n');
  return spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {stdio: run.stdio});
}

/** Rejects if the program ends with anything but 0. */
export async function runInChroot(run: ChrootRun): Promise<void> {
  const child = startInChroot(run);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => resolve(status));
  });
  if (code !== 0) throw new Error(`${run.command.join(' ')} ended with ${code ?? 'a signal'}`);
}

/** A mount needs something to lie on. */
function makePlace(place: string, outside: string): void {
  if (existsSync(place)) return;
  mkdirSync(dirname(place), {recursive: true});
  if (statSync(outside).isDirectory()) mkdirSync(place);
  else writeFileSync(place, '');
}

export function accountOf(root: string, user: string): {uid: string; gid: string; home: string} {
  const lines = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':')).find(([name]) => name === user);
  const [, , uid = '', gid = '', , home = '/'] = fields ?? [];
  if (uid === '') throw new Error(`the image has no user ${user}`);
  return {uid, gid, home};
}

const settingsOf = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => quote(`${name}=${value}`))
    .join(' ');

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
