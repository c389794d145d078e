// The database that a command works on: that of DATABASE_URL, or else the embedded one of DATA_DIR, which must not be
// in use by a running server. A command makes none and migrates none: where there is nothing to work on, it says so.
import {lstat} from 'node:fs/promises';
import {join} from 'node:path';
import pg from 'pg';
import {connectDatabase} from '#db/connect.ts';
import {startEmbedded} from '#db/embedded.ts';
import {readSchemaVersion} from '#db/migrate.ts';
import type {Config} from './config.ts';
import {CommandError} from './operator/outcome.ts';

export type UnusableReason =
  /** DATABASE_URL is not set, and DATA_DIR has no database. */
  | 'not_configured'
  /** Nobody answers there. */
  | 'unreachable'
  /** Postgres answered no: password, name of the database, too many connections. */
  | 'refused'
  /** No migration was ever applied. */
  | 'not_migrated';

/** The message says what to do, and never has the password. */
export class UnusableDatabase extends CommandError {
  readonly reason: UnusableReason;

  constructor(reason: UnusableReason, message: string) {
    super(message);
    this.name = 'UnusableDatabase';
    this.reason = reason;
  }
}

/** Milliseconds to wait for Postgres to answer. */
const CONNECT_MS_MAX = 10_000;

/**
 * note: told, in a sentence, where something is not as one would expect. Everything is closed once `use` has ended.
 * Throws UnusableDatabase before `use` is called.
 */
export async function withCommandDatabase<Result>(
  config: Config,
  {name, note}: {name: string; note: (message: string) => void},
  use: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  const connected = async (url: string): Promise<Result> => {
    await assertUsable(url);
    const {pool, end} = connectDatabase({url, poolSize: 2, applicationName: `fieldmerge ${name}`});
    try {
      return await use(pool);
    } finally {
      await end();
    }
  };
  if (config.database.kind === 'url') return connected(config.database.url);
  await assertMade(config.dataDir);
  const embedded = await startEmbedded({dataDir: config.dataDir, log: note});
  try {
    return await connected(embedded.url);
  } finally {
    await embedded.stop();
  }
}

/** Somebody in the wrong folder would otherwise be shown an empty database, made that moment. */
async function assertMade(dataDir: string): Promise<void> {
  const cluster = await lstat(join(dataDir, 'postgres')).catch(() => undefined);
  if (cluster !== undefined) return;
  throw new UnusableDatabase(
    'not_configured',
    `There is no database: DATABASE_URL is not set, and DATA_DIR (${dataDir}) has none. ` +
      'Set the one that the server uses.',
  );
}

async function assertUsable(url: string): Promise<void> {
  const client = new pg.Client({connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX});
  // A connection that breaks while nothing is asked of it; the next statement fails all the same.
  client.on('error', () => undefined);
  try {
    await client.connect().catch((error: unknown) => {
      throw whyNotConnected(client, error);
    });
    const {applied, missing} = await readSchemaVersion(client);
    if (applied !== null || missing.length === 0) return;
    throw new UnusableDatabase(
      'not_migrated',
      `The database ${placeOf(client)} is not migrated. A server that starts on it does that, or npm run migrate.`,
    );
  } finally {
    await client.end();
  }
}

const placeOf = ({database, host, port}: pg.Client): string => `${database ?? ''} at ${host}:${port}`;

function whyNotConnected(client: pg.Client, error: unknown): UnusableDatabase {
  if (error instanceof pg.DatabaseError)
    return new UnusableDatabase('refused', `The database ${placeOf(client)} refuses: ${error.message}.`);
  return new UnusableDatabase(
    'unreachable',
    `The database ${placeOf(client)} cannot be reached: ${saidBy(error)}. Check DATABASE_URL, and whether it runs.`,
  );
}

/** Of a name with several addresses, the system's error has a code only. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
