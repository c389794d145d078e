// What `npm pack` makes works for a stranger: installed in an empty folder, `fieldmerge` runs. Its dependencies are
// those of this checkout, linked, and none but those that the package names: nothing is fetched.
import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, symlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTestDatabase} from '#test/support/test-database.ts';

const run = promisify(execFile);

interface Manifest {
  readonly bin: {readonly fieldmerge: string};
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Packs and unpacks, as `npm install` of the tarball would. Answers the files of the package. */
async function install(folder: string): Promise<string[]> {
  const home = join(folder, 'node_modules', 'fieldmerge');
  await mkdir(home, {recursive: true});
  await run('npm', [
    'pack',
    '--pack-destination',
    folder,
    '--cache',
    join(folder, 'cache'),
    '--loglevel=error',
  ]);
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(folder, tarball), '-C', home, '--strip-components=1']);
  const {bin, dependencies} = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name);
    await mkdir(dirname(place), {recursive: true});
    await symlink(join(process.cwd(), 'node_modules', name), place);
  }
  await mkdir(join(folder, 'node_modules', '.bin'));
  await symlink(join('..', 'fieldmerge', bin.fieldmerge), join(folder, 'node_modules', '.bin', 'fieldmerge'));
  const {stdout} = await run('tar', ['-tzf', join(folder, tarball)]);
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}

/** Files of the checkout that a server reads or runs. */
async function listNeeded(): Promise<string[]> {
  const {stdout} = await run('git', [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    'crdt',
    'db',
    'server',
    'load-typescript*.js',
  ]);
  return stdout
    .trim()
    .split('\n')
    .filter((path) => existsSync(path) && !/\.test\.ts$|_snapshot\.json$/.test(path));
}

test(
  'a stranger installs the package in an empty folder and runs fieldmerge status',
  {timeout: 120_000},
  async () => {
    const folder = await makeScratchFolder();
    const packed = await install(folder);
    expect(packed.toSorted()).toEqual(
      [...(await listNeeded()), 'docs/backend-openapi.yaml', 'package.json', 'README.md'].toSorted(),
    );

    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const fieldmerge = (url: string) =>
      run(process.execPath, ['node_modules/.bin/fieldmerge', 'status'], {
        cwd: folder,
        env: {PATH: process.env.PATH, DATABASE_URL: url, NODE_ENV: '', DATA_DIR: join(folder, 'data')},
      });
    const {stdout} = await fieldmerge(database.url);
    expect(stdout).toMatch(/^schema +\d{4}_\w+$/m);
    expect(existsSync(join(folder, 'data'))).toBe(false);
    await expect(fieldmerge('')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no database: DATABASE_URL is not set/) as string,
    });
  },
);
