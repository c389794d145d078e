// What must hold of an image that was made, looked up in its folder: only what production needs, nothing of the build.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Image} from './build-image.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

interface Lock {
  /** By folder; `dev`: only development needs it. */
  readonly packages: Readonly<Record<string, {readonly dev?: boolean}>>;
}

/** Sentences about what holds. Throws at the first that does not. */
export function inspectImage({root, workdir, user, command}: Image, project: string): string[] {
  const app = join(root, workdir);
  const modules = join(app, 'node_modules');
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest;
  const {packages} = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lock;
  const forDevelopment = Object.keys(packages).filter((path) => packages[path]?.dev === true);
  const has = (name: string): boolean => existsSync(join(modules, name));
  const needed = Object.keys({...manifest.dependencies, ...manifest.optionalDependencies});
  const found = listFiles(app);
  return [
    hold(
      'every production dependency is there',
      needed.filter((name) => !has(name)),
    ),
    hold(
      'nothing that only development needs is',
      forDevelopment.filter((path) => existsSync(join(app, path))),
    ),
    hold(
      'no program of Postgres is',
      found.filter((path) => /\/(postgres|initdb|pg_ctl)$/.test(path)),
    ),
    hold(
      'no test, no key and no setting from outside is',
      found.filter(
        (path) => /\.test\.ts$|\/\.env|\.pem$|\/data\//.test(path) && !path.includes('/node_modules/'),
      ),
    ),
    hold(
      'no file of the application can be written by its user',
      execFileSync('find', [app, '!', '-user', 'root', '-o', '-perm', '-o=w', '!', '-type', 'l'], {
        encoding: 'utf8',
      })
        .split('\n')
        .filter((path) => path !== ''),
    ),
    hold('the user is node', user === 'node' ? [] : [user]),
    hold(
      'the server is started as by `npm start`',
      `exec ${command.join(' ')}` === manifest.scripts['start'] ? [] : [command.join(' ')],
    ),
    `application and packages: ${sizeOf(app)}; with Debian and Node: ${sizeOf(root)}`,
    `components in sbom.json: ${countComponents(join(app, 'sbom.json'))}`,
  ];
}

function hold(sentence: string, against: readonly string[]): string {
  if (against.length > 0)
    throw new Error(`not so: ${sentence}; against it: ${against.slice(0, 10).join(', ')}`);
  return sentence;
}

const listFiles = (folder: string): string[] =>
  execFileSync('find', [folder, '-type', 'f'], {encoding: 'utf8', maxBuffer: 64 << 20}).split('\n');

const sizeOf = (folder: string): string =>
  execFileSync('du', ['-sh', '--exclude=proc', '--exclude=dev', folder], {encoding: 'utf8'}).split('\t')[0] ??
  '';

function countComponents(path: string): number {
  const {bomFormat, components} = JSON.parse(readFileSync(path, 'utf8')) as {
    bomFormat: string;
    components: unknown[];
  };
  if (bomFormat !== 'CycloneDX') throw new Error('sbom.json is not CycloneDX');
  return components.length;
}
