// A node that runs under a C library new enough for uWebSockets.js (glibc 2.38). Where the machine's own is older,
// Debian 13's is fetched from the mirror this machine already uses and unpacked into a cache folder; nothing is
// installed. Used by run-on-trixie.ts and the bench.

import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const SUITE = 'trixie';
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'zlib1g'];
const GLIBC_MINOR_MIN = 38;
const CACHE = path.join(import.meta.dirname, '../node_modules/.cache', SUITE);

/** Whether this machine needs the other C library: Linux with a glibc below 2.38. */
function needsNewerGlibc(): boolean {
  const report = process.report.getReport() as {header: {glibcVersionRuntime?: string}};
  const [major = 0, minor = 0] = (report.header.glibcVersionRuntime ?? '').split('.').map(Number);
  return major === 2 && minor < GLIBC_MINOR_MIN;
}

/** The Debian mirror of this machine's own apt configuration. */
export function mirrorOfThisMachine(): string {
  const format = '$(SITE) $(RELEASE) $(COMPONENT)';
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  for (const line of targets.split('\n')) {
    const [site, release = '', component] = line.split(' ');
    const isDebian = /^(bookworm|bullseye|stable|oldstable)$/.test(release);
    if (site !== undefined && isDebian && component === 'main') return site;
  }
  throw new Error('The apt configuration of this machine names no Debian mirror to take the C library from.');
}

/** Fetches and unpacks the packages into `target`, which appears complete or not at all. */
function unpackLibraries(target: string): void {
  mkdirSync(CACHE, {recursive: true});
  const work = mkdtempSync(path.join(CACHE, 'unpacking-'));
  try {
    const sources = path.join(work, 'sources.list');
    writeFileSync(sources, `deb ${mirrorOfThisMachine()} ${SUITE} main\n`);
    mkdirSync(path.join(work, 'lists/partial'), {recursive: true});
    mkdirSync(path.join(work, 'archives/partial'), {recursive: true});
    // Own lists, own cache, own sources: the machine's apt state is neither read nor changed.
    const own = [
      `Dir::Etc::sourcelist=${sources}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::lists=${path.join(work, 'lists')}`,
      `Dir::Cache=${work}`,
      'Acquire::Languages=none',
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
    const run = (...args: string[]): void => {
      execFileSync('apt-get', [...own, '-qq', ...args], {cwd: work, stdio: ['ignore', 'ignore', 'inherit']});
    };
    run('update');
    run('download', ...PACKAGES);
    const unpacked = path.join(work, 'root');
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', path.join(work, file), unpacked]);
    }
    moveInto(unpacked, target);
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
}

/** Renames, unless another process finished the same folder first. */
function moveInto(source: string, target: string): void {
  try {
    renameSync(source, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

/** The folder of the unpacked libraries and the dynamic loader in it. */
function findLibraries(root: string): {libraries: string; loader: string} {
  const parent = path.join(root, 'usr/lib');
  const triplet = readdirSync(parent).find((name) => name.endsWith('-linux-gnu'));
  const libraries = path.join(parent, triplet ?? '');
  const loader = readdirSync(libraries).find((name) => name.startsWith('ld-linux-'));
  if (loader === undefined)
    throw new Error(`No dynamic loader in ${libraries}; delete ${root} and try again.`);
  return {libraries, loader: path.join(libraries, loader)};
}

/**
 * Writes an executable that runs this node under the unpacked libraries, and returns its path. Under a
 * loader `process.execPath` is the loader, and whoever forks would start that: so it is set to this file.
 */
function writeLauncher(root: string): string {
  const {libraries, loader} = findLibraries(root);
  const key = createHash('sha256').update(process.execPath).digest('hex').slice(0, 12);
  const folder = path.join(CACHE, `launcher-${key}`);
  mkdirSync(folder, {recursive: true});
  const launcher = path.join(folder, 'node');
  const preload = path.join(folder, 'exec-path.cjs');
  const command = [loader, '--library-path', libraries, process.execPath, '--require', preload];
  writeWhole(preload, `process.execPath = ${JSON.stringify(launcher)};\n`);
  writeWhole(launcher, `#!/bin/sh\nexec ${command.map(quote).join(' ')} "$@"\n`);
  return launcher;
}

/** Through a rename, since another process may be starting the same file. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  chmodSync(draft, 0o755);
  renameSync(draft, file);
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The command to start. Throws where the machine's C library is too old and Debian's cannot be had. */
export function findNodeForUws(): string {
  if (!needsNewerGlibc()) return process.execPath;
  const root = path.join(CACHE, process.arch);
  if (!existsSync(root)) unpackLibraries(root);
  return writeLauncher(root);
}
