// Carries out a Dockerfile without a container engine: each stage is a folder, each RUN a program under chroot. What
// comes out is the image's folder and what its engine would be told.
import {execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, readFileSync, statSync} from 'node:fs';
import {basename, dirname, join, relative} from 'node:path';
import {BASE_IMAGE, cacheFolder} from './base-root.ts';
import {runInChroot} from './chroot.ts';
import {readDockerignore} from './dockerignore.ts';
import {readDockerfile, type Stage, type Step} from './dockerfile.ts';

/** What a container of an image runs, and how. */
export interface Image {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly port: number | undefined;
  readonly command: readonly string[];
}

interface Build {
  /** The project's folder. */
  readonly context: string;
  /** Folder of the base image, never written to. */
  readonly base: string;
  /** Where stages are made. */
  readonly work: string;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function buildImage(build: Build): Promise<Image> {
  const stages = readDockerfile(readFileSync(join(build.context, 'Dockerfile'), 'utf8'));
  const roots = new Map<string, string>();
  let image: Image | undefined;
  for (const [index, stage] of stages.entries()) {
    image = await makeStage(build, {stage, index, roots});
    if (stage.name !== undefined) roots.set(stage.name, image.root);
  }
  if (image === undefined) throw new Error('The Dockerfile has no stage.');
  return image;
}

async function makeStage(
  build: Build,
  {stage, index, roots}: {stage: Stage; index: number; roots: ReadonlyMap<string, string>},
): Promise<Image> {
  if (stage.base !== BASE_IMAGE) throw new Error(`The trial has ${BASE_IMAGE}, not ${stage.base}.`);
  const root = join(build.work, `stage-${index}`);
  execFileSync('cp', ['-a', build.base, root]);
  let image: Image = {root, env: {PATH}, workdir: '/', user: 'root', port: undefined, command: []};
  for (const step of stage.steps) image = await takeStep(build, {image, step, roots});
  return image;
}

async function takeStep(
  build: Build,
  {image, step, roots}: {image: Image; step: Step; roots: ReadonlyMap<string, string>},
): Promise<Image> {
  switch (step.kind) {
    case 'workdir':
      mkdirSync(join(image.root, step.path), {recursive: true});
      return {...image, workdir: step.path};
    case 'env':
      return {...image, env: {...image.env, ...step.values}};
    case 'user':
      return {...image, user: step.name};
    case 'expose':
      return {...image, port: step.port};
    case 'cmd':
      return {...image, command: step.command};
    case 'copy':
      console.log(`COPY ${step.sources.join(' ')} -> ${step.target}`);
      copy(build, {image, step, roots});
      return image;
    case 'run':
      console.log(`RUN ${step.command}`);
      await run(image, step);
      return image;
  }
}

function copy(
  {context}: Build,
  {image, step, roots}: {image: Image; step: Step & {kind: 'copy'}; roots: ReadonlyMap<string, string>},
): void {
  const from = step.from === undefined ? context : roots.get(step.from);
  if (from === undefined)
    throw new Error(`COPY names the stage ${step.from ?? ''}, which does not come before.`);
  const ignore = readFileSync(join(context, '.dockerignore'), 'utf8');
  const isIncluded = step.from === undefined ? readDockerignore(ignore) : () => true;
  const isFolder = step.target.endsWith('/');
  const target = join(image.root, step.target.startsWith('/') ? '' : image.workdir, step.target);
  for (const source of step.sources) {
    const path = join(from, source);
    if (!isIncluded(relative(from, path)))
      throw new Error(`COPY ${source}: .dockerignore keeps it out of the build.`);
    // The content of a folder goes into the target, a file gets its name there.
    const place = statSync(path).isFile() && isFolder ? join(target, basename(source)) : target;
    mkdirSync(dirname(place), {recursive: true});
    const filter = (each: string): boolean => isIncluded(relative(from, each));
    cpSync(path, place, {recursive: true, verbatimSymlinks: true, filter});
  }
}

async function run({root, env, workdir, user}: Image, step: Step & {kind: 'run'}): Promise<void> {
  const mounts = Object.fromEntries(step.caches.map((path) => [path, cacheFolder(path)]));
  // A machine whose own certificates are needed to reach the registry lends them to the build, not to the image.
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  const lent = certificates === undefined ? {} : {NODE_EXTRA_CA_CERTS: '/run/certificates.pem'};
  if (certificates !== undefined) mounts['/run/certificates.pem'] = certificates;
  await runInChroot({
    root,
    command: ['/bin/sh', '-c', step.command],
    env: {...env, ...lent, HOME: '/root'},
    workdir,
    user,
    mounts,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
