// Brings a database's schema to what this version needs. Run by server/main.ts on its embedded database and by
// `npm run migrate` elsewhere. Nodes may start at once: one migrates, the others wait and find it done.
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {drizzle} from 'drizzle-orm/node-postgres';
import {migrate} from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import {z} from 'zod';

const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));
/** Any fixed number that nothing else locks in this database. */
const MIGRATION_LOCK = 7_160_451_038;
/** Milliseconds to wait for another node's migration, and for any lock on a table. */
const LOCK_MS_MAX = 120_000;

const journal = z.object({entries: z.array(z.object({tag: z.string(), when: z.number()}))});

/** Migrations of this version, oldest first. `when` is how drizzle names an applied one. */
async function listMigrations(): Promise<{tag: string; when: number}[]> {
  const path = `${migrationsFolder}/meta/_journal.json`;
  if (!existsSync(path)) return [];
  return journal.parse(JSON.parse(await readFile(path, 'utf8'))).entries;
}

/** `when` of the newest migration applied; 0 if none. */
async function newestApplied(client: pg.Client | pg.Pool): Promise<number> {
  const {rows: tables} = await client.query<{found: boolean}>(
    `SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS found`,
  );
  if (tables[0]?.found !== true) return 0;
  const {rows} = await client.query<{newest: string}>(
    'SELECT coalesce(max(created_at), 0)::text AS newest FROM drizzle.__drizzle_migrations',
  );
  return Number(rows[0]?.newest ?? 0);
}

/** What Postgres said, and what it advises, in place of the statement it said it about. */
function plainly(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof pg.DatabaseError)) return error;
  const {message, hint} = cause;
  return new Error(hint === undefined ? message : `${message}. ${hint}`, {cause: error});
}

/**
 * Applies what is missing, all of it or nothing, and resolves to the names of what it applied.
 * The database of `url` must exist. A database newer than this version is left as it is. The role of `url` makes the
 * roles `app` and `worker`, or else must be allowed to take them on.
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  const migrations = await listMigrations();
  if (migrations.length === 0) return [];
  const client = new pg.Client({connectionString: url, application_name: 'fieldmerge migrate'});
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_MS_MAX}`);
    // Held by the session, and so let go by Postgres should this process die.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const newest = await newestApplied(client);
    const missing = migrations.filter(({when}) => when > newest);
    if (missing.length > 0) await migrate(drizzle(client), {migrationsFolder});
    return missing.map(({tag}) => tag);
  } catch (error) {
    throw plainly(error);
  } finally {
    await client.end();
  }
}

export interface SchemaVersion {
  /** Name of the newest migration applied; null if none is. */
  readonly applied: string | null;
  /** Names of this version's migrations that are not, oldest first. */
  readonly missing: readonly string[];
}

/** A database newer than this version has a newest migration that this version cannot name: `applied` is then its own. */
export async function readSchemaVersion(client: pg.Client | pg.Pool): Promise<SchemaVersion> {
  const newest = await newestApplied(client);
  const migrations = await listMigrations();
  return {
    applied: migrations.findLast(({when}) => when <= newest)?.tag ?? null,
    missing: migrations.filter(({when}) => when > newest).map(({tag}) => tag),
  };
}

/** Whether every migration of this version is applied. Rejects when the database cannot be reached. */
export async function isMigrated(pool: pg.Pool): Promise<boolean> {
  const newest = await newestApplied(pool);
  return (await listMigrations()).every(({when}) => when <= newest);
}
