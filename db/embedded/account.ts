// The operating system's user that Postgres runs as. Postgres refuses root, so root lends its processes
// to a user without rights; everyone else runs it as themselves.
import {execFile, spawn} from 'node:child_process';
import {chown, stat} from 'node:fs/promises';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Numeric user and group, as `spawn` takes them. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Runs a program as `account` (undefined: as we are). Resolves to its exit status, or to 126 where it cannot be started. */
export const exitStatus = (account: Account | undefined, program: string, args: string[]): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {...account, cwd: '/', env: {LC_ALL: 'C'}, stdio: 'ignore'});
    child.once('error', () => resolve(126));
    child.once('exit', (code) => resolve(code ?? 126));
  });

/** Whether `account` may enter a folder. Asked of the kernel, since modes alone do not tell (lists, mounts). */
export const canEnter = async (account: Account | undefined, folder: string): Promise<boolean> =>
  (await exitStatus(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder])) === 0;

async function accountNamed(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return {uid: Number(uid.stdout), gid: Number(gid.stdout)};
  } catch {
    // `id` fails for a name that does not exist; the next candidate is tried.
    return undefined;
  }
}

/**
 * Who runs Postgres. Undefined: the user that runs this process. As root: the owner of an existing
 * `cluster` folder, else the first of `postgres` and `nobody` that this machine has and lets us become.
 */
export async function chooseAccount(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(cluster).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return {uid: owner.uid, gid: owner.gid};
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const account = await accountNamed(name);
    if (account !== undefined && (await canEnter(account, '/'))) return account;
  }
  throw new Error(
    'Postgres refuses to run as root, and this machine has neither a user `postgres` nor `nobody`. ' +
      'Run as an ordinary user, or set DATABASE_URL.',
  );
}

/** Hands a file or folder over to `account`. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}
