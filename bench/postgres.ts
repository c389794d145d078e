// The Postgres all peers share: the embedded one with its usual settings, commits waiting for the disk. Each peer
// gets a database of its own in each repetition, made when it starts and dropped when it is done.
import {chmod, mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import pg from 'pg';
import {startEmbedded} from '#db/embedded.ts';
import {findPostmaster} from '#db/embedded/pid-file.ts';
import {cpuSecondsOfFamily} from './process-usage.ts';

export interface BenchPostgres {
  readonly version: string;
  /** Folder for the files of peers; gone when the bench ends. */
  readonly folder: string;
  /** An empty database; its URL. */
  create(name: string): Promise<string>;
  drop(name: string): Promise<void>;
  /** Of all its processes so far. */
  cpuSeconds(): Promise<number>;
  /** Writes out what is dirty, so that one trial does not pay for the one before. */
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

async function administer<T extends pg.QueryResultRow>(url: string, statement: string): Promise<T[]> {
  const client = new pg.Client({connectionString: url});
  await client.connect();
  const {rows} = await client.query<T>(statement).finally(() => client.end());
  return rows;
}

/** Databases on a Postgres that runs already. `postmaster`: its pid, to read its CPU time; without, that is unknown. */
export async function useBenchPostgres(
  url: string,
  {folder, postmaster}: {folder: string; postmaster?: number | undefined},
): Promise<Omit<BenchPostgres, 'stop'>> {
  const [row] = await administer<{server_version: string}>(url, 'SHOW server_version');
  return {
    version: row?.server_version ?? 'unknown',
    folder,
    async create(name) {
      await administer(url, `CREATE DATABASE ${name}`);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    async drop(name) {
      await administer(url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
    cpuSeconds: () => (postmaster === undefined ? Promise.resolve(NaN) : cpuSecondsOfFamily(postmaster)),
    async checkpoint() {
      await administer(url, 'CHECKPOINT');
    },
  };
}

export async function startBenchPostgres(): Promise<BenchPostgres> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-bench-'));
  // As root, Postgres runs as another user, which must get in.
  await chmod(folder, 0o711);
  const dataDir = join(folder, 'postgres-data');
  const embedded = await startEmbedded({dataDir});
  const postmaster = await findPostmaster(await realpath(join(dataDir, 'postgres')));
  return {
    ...(await useBenchPostgres(embedded.url, {folder, postmaster})),
    async stop() {
      await embedded.stop();
      await rm(folder, {recursive: true, force: true});
    },
  };
}
