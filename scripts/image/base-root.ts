// The base image as a folder: Debian 13 made with debootstrap, with what the official node image adds to it, a node,
// its npm and the user `node`. Made once and kept beside the other caches.
import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import {join} from 'node:path';
import {mirrorOfThisMachine} from '../node-for-uws.ts';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/image');
const SUITE = 'trixie';
/** What the base image `node:24-trixie-slim` stands for here. Both come from npm. */
const NODE = '24.21.0';
const NPM = '11.21.2';
export const BASE_IMAGE = 'node:24-trixie-slim';

/** The base image's folder. Throws, saying what is missing, where it cannot be made. */
export function prepareBaseRoot(): string {
  const root = join(CACHE, `base-${NODE}-${process.arch}`);
  if (existsSync(root)) return root;
  demandTools();
  mkdirSync(CACHE, {recursive: true});
  const work = mkdtempSync(join(CACHE, 'making-'));
  try {
    const made = join(work, 'root');
    console.log(`making ${BASE_IMAGE} with debootstrap, once`);
    const options = ['--variant=minbase', '--include=libstdc++6,libatomic1'];
    run('debootstrap', [...options, SUITE, made, mirrorOfThisMachine()]);
    addNode(work, made);
    run('chroot', [made, 'useradd', '--uid', '1000', '--create-home', '--shell', '/bin/bash', 'node']);
    rmSync(join(made, 'var/cache/apt/archives'), {recursive: true, force: true});
    rmSync(join(made, 'var/lib/apt/lists'), {recursive: true, force: true});
    chmodSync(made, 0o755);
    renameSync(made, root);
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
  return root;
}

/** A folder that outlives builds. */
export function cacheFolder(name: string): string {
  const folder = join(CACHE, name.replaceAll('/', '_'));
  mkdirSync(folder, {recursive: true});
  return folder;
}

function demandTools(): void {
  if (process.getuid?.() !== 0) throw new Error('This needs root: it changes its root folder and mounts.');
  for (const tool of ['debootstrap', 'unshare', 'chroot']) {
    const isThere = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, tool)));
    if (!isThere) throw new Error(`This needs ${tool}; on Debian: apt-get install debootstrap util-linux.`);
  }
}

function addNode(work: string, root: string): void {
  const local = join(root, 'usr/local');
  copyFileSync(join(unpack(work, `node-linux-${process.arch}@${NODE}`), 'bin/node'), join(local, 'bin/node'));
  chmodSync(join(local, 'bin/node'), 0o755);
  mkdirSync(join(local, 'lib/node_modules'), {recursive: true});
  renameSync(unpack(work, `npm@${NPM}`), join(local, 'lib/node_modules/npm'));
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  chmodSync(join(local, 'lib/node_modules/npm/bin/npm-cli.js'), 0o755);
}

/** Fetches a package with npm and returns the folder it lies in. */
function unpack(work: string, name: string): string {
  const folder = mkdtempSync(join(work, 'package-'));
  run('npm', ['pack', '--loglevel=error', '--pack-destination', folder, name]);
  const [archive = ''] = readdirSync(folder);
  run('tar', ['-xzf', join(folder, archive), '-C', folder]);
  return join(folder, 'package');
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, {stdio: ['ignore', 'ignore', 'inherit']});
}
