// The real server for the canary test, over a Postgres that forgets nothing: it keeps all its log files (WAL), and
// writes every statement with its parameters into its own log, failed ones with their details.
import {randomBytes, randomUUID} from 'node:crypto';
import {readdir, readFile, realpath, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import pg from 'pg';
import {startEmbedded} from '#db/embedded.ts';
import {readConfig} from '#server/config.ts';
import {createLogger} from '#server/logger.ts';
import {startServer, type RunningServer} from '#server/start.ts';
import {personOf, readAnswer, type Person, type World} from '#test/support/world.ts';

const settings = {
  wal_keep_size: '4GB',
  log_statement: 'all',
  log_min_messages: 'info',
  log_min_error_statement: 'error',
  log_error_verbosity: 'verbose',
};

export interface CanaryServer {
  readonly server: RunningServer;
  readonly masterKey: Uint8Array;
  /** Everything the server logged, at level debug. */
  readonly logged: () => string;
  /** A user with a token, on a device, in no tenant. */
  readonly newPerson: (name: string) => Promise<Person>;
  readonly ask: World['ask'];
  readonly query: (text: string) => Promise<Record<string, unknown>[]>;
  /** Every file that server and Postgres wrote, by path, with the server stopped and all of it on disk. */
  readonly files: () => Promise<ReadonlyMap<string, Buffer>>;
  readonly close: () => Promise<void>;
}

/** folder: empty, and Postgres may enter it. */
export async function startCanaryServer(folder: string): Promise<CanaryServer> {
  const database = await startEmbedded({dataDir: join(folder, 'database'), settings});
  const masterKey = randomBytes(32);
  const lines: string[] = [];
  const read = readConfig({
    PORT: '0',
    DATA_DIR: join(folder, 'server'),
    DATABASE_URL: database.url,
    LOG_LEVEL: 'debug',
    MASTER_KEY: masterKey.toString('base64'),
  });
  if (!read.ok) throw new Error(read.faults.join('\n'));
  const log = createLogger({level: 'debug', destination: {write: (line) => void lines.push(line)}});
  const server = await startServer(read.config, log);
  const ask: World['ask'] = async <Body>(path: string, init?: RequestInit) =>
    readAnswer<Body>(await fetch(server.url + path, init));
  const client = new pg.Client({connectionString: database.url});
  await client.connect();
  let isStopped = false;
  return {
    server,
    masterKey,
    logged: () => lines.join('\n'),
    ask,
    async newPerson(name) {
      const subject = `user_${randomUUID()}`;
      const email = `${subject}@example.com`;
      const token = await server.developmentIssuer!.issue({subject, email, name});
      return personOf(ask, {subject, email, token, deviceId: randomUUID(), tenantId: null});
    },
    query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
    async files() {
      isStopped = true;
      await server.stop();
      // Statistics hold samples of values.
      for (const statement of ['ANALYZE', 'CHECKPOINT', 'SELECT pg_switch_wal()', 'CHECKPOINT'])
        await client.query(statement);
      const cluster = await realpath(join(folder, 'database', 'postgres'));
      return readFiles([cluster, join(dirname(cluster), 'postgres.log'), join(folder, 'server')]);
    },
    async close() {
      await client.end();
      if (!isStopped) await server.stop();
      await database.stop();
    },
  };
}

async function readFiles(paths: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const path of paths) {
    if ((await stat(path)).isFile()) found.set(path, await readFile(path));
    else
      for (const entry of await readFiles((await readdir(path)).map((name) => join(path, name))))
        found.set(...entry);
  }
  return found;
}
