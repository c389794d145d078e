// The folder that holds the database's files and, if needed, a copy of its programs. It is DATA_DIR,
// unless Postgres runs as another user that cannot get into DATA_DIR (below a home of mode 0700). Then it is
// a folder elsewhere, and DATA_DIR/postgres is a link into it, so that whoever looks finds the data.
import {createHash} from 'node:crypto';
import {chmod, lstat, mkdtemp, readlink, realpath, rm, symlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {canEnter, type Account} from './account.ts';

/** Tried in this order. The first survives clean-ups of temporary files; the second exists everywhere. */
const basesElsewhere = ['/var/lib', '/var/tmp'];

/** A new folder with an unguessable name that `account` can enter. Only its owner can list or change it. */
async function makeHomeElsewhere(dataDir: string, account: Account): Promise<string> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  for (const base of basesElsewhere) {
    const home = await mkdtemp(join(base, `fieldmerge-${hash}-`)).catch(() => undefined);
    if (home === undefined) continue;
    await chmod(home, 0o711);
    if (await canEnter(account, home)) return realpath(home);
    await rm(home, {recursive: true});
  }
  throw new Error(
    `The user ${account.uid} that runs Postgres can enter neither ${dataDir} nor ${basesElsewhere.join(' nor ')}. ` +
      'Set DATA_DIR to a folder that it can enter.',
  );
}

/** Finds the home of `dataDir`, or makes one. The cluster is `join(home, 'postgres')`, which may not exist yet. */
export async function findHome(
  deps: {account: Account | undefined; log: (message: string) => void},
  dataDir: string,
): Promise<string> {
  const {account, log} = deps;
  const cluster = join(dataDir, 'postgres');
  const entry = await lstat(cluster).catch(() => undefined);
  if (entry?.isSymbolicLink() === true) {
    const home = dirname(await readlink(cluster));
    if ((await lstat(home).catch(() => undefined)) !== undefined) return home;
    throw new Error(
      `${cluster} leads to ${home}, which is gone. Restore it, or remove the link to start with an empty database.`,
    );
  }
  if (account === undefined || (await canEnter(account, dataDir))) return dataDir;
  if (entry !== undefined) {
    throw new Error(
      `The user ${account.uid} owns ${cluster} but cannot enter ${dataDir}: let it in, or move DATA_DIR.`,
    );
  }
  const home = await makeHomeElsewhere(dataDir, account);
  await symlink(join(home, 'postgres'), cluster);
  log(
    `Postgres runs as user ${account.uid}, which cannot enter ${dataDir}: the database is kept in ${home}, ` +
      `${cluster} leads there.`,
  );
  return home;
}
