// Peers from npm live in a folder with a lockfile of its own, installed when first asked for, so that whoever
// only uses the product never downloads them.
import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {newerNode, packagesFolder} from './packages-folder.ts';

/** What npm wrote down as installed is what the lockfile names. */
async function isInstalled(): Promise<boolean> {
  const lockOf = async (file: string) => {
    const text = await readFile(join(packagesFolder, file), 'utf8').catch(() => '{}');
    const {packages} = JSON.parse(text) as {
      packages?: Record<string, {version?: string; optional?: boolean}>;
    };
    return packages ?? {};
  };
  const [wanted, present] = [
    await lockOf('package-lock.json'),
    await lockOf('node_modules/.package-lock.json'),
  ];
  const isThere = ([name, {version, optional}]: [string, {version?: string; optional?: boolean}]) =>
    name === '' || optional === true || present[name]?.version === version;
  return existsSync(newerNode) && Object.entries(wanted).every(isThere);
}

/** Does nothing where they are there. Rejects with npm's words if it fails. */
export async function installPackages(onProgress: (message: string) => void): Promise<void> {
  if (await isInstalled()) return;
  onProgress('installing the peers (npm ci, once)');
  await promisify(execFile)('npm', ['ci', '--prefix', packagesFolder]);
  if (!(await isInstalled())) throw new Error(`npm ci left the peers incomplete in ${packagesFolder}`);
}
