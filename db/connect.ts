// The pool of connections every query goes through, and the check that its database keeps what it
// acknowledges. server/main.ts opens it after migrations and ends it before the database itself.
import {drizzle, type NodePgDatabase} from 'drizzle-orm/node-postgres';
import pg from 'pg';
import {createConnectionCheck} from './database-epoch.ts';
import {PREPARE_AT_ONCE_SQL} from './transaction.ts';
import {writeOncePerTurn} from './write-once-per-turn.ts';

/** Milliseconds to wait for a free connection, or for a new one to be made, before the query fails. */
const CONNECT_MS_MAX = 10_000;
/** Milliseconds an unused connection is kept. */
const IDLE_MS_MAX = 30_000;
/** Milliseconds to wait for the answer of one statement: past it the connection counts as gone. */
const ANSWER_MS_MAX = 30_000;
/**
 * Milliseconds a transaction may wait for its next statement before Postgres ends its session. Behind a line that broke
 * without a word it keeps a tenant's locks until then, so this is well below ANSWER_MS_MAX: whoever waits for them on
 * another connection still gets its answer. Only computing stands between two statements of one that writes.
 */
const IDLE_IN_TRANSACTION_MS_MAX = 20_000;
/**
 * A host that vanished says no goodbye. Postgres looks for its node from here on: it ends a session that has not been
 * heard of for 30 seconds, in the middle of an answer too. Left to the system that takes a quarter of an hour, or two
 * hours where nothing is under way, and the session's place among the connections is taken for as long.
 */
const KEEPALIVE_SQL = `SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 30000`;

// A lane's statement must see what was committed before it, whatever the database's default says.
const ISOLATION_SQL = `SET default_transaction_isolation = 'read committed'`;

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most; queries past it wait. */
  readonly poolSize: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /**
   * The role that statements outside of db/transaction.ts run as: `app`, which then sees no tenant's rows, whoever
   * DATABASE_URL names. `own`: the one that DATABASE_URL names; for tests, which look at whole tables.
   */
  readonly role?: 'app' | 'own';
  /** Milliseconds to wait for the answer of one statement, if not as long as usual. */
  readonly answerMsMax?: number;
  /** Milliseconds a transaction may wait for its next statement, if not as long as usual. */
  readonly idleInTransactionMsMax?: number;
  /** Told that the database was restored or replaced: no connection will work any more, and the process is to end. */
  readonly onLineChanged?: () => void;
  /** Told of a connection that broke while nothing was asked of it. The pool has dropped it already. */
  readonly onConnectionLost?: (error: Error) => void;
}

/**
 * An open pool. Plain queries give bigint as a number (a value past 2^53 fails the query), date as
 * `YYYY-MM-DD`, timestamptz as Date, numeric as a string. Queries built by drizzle follow their columns.
 */
export interface Database {
  readonly pool: pg.Pool;
  readonly drizzle: NodePgDatabase;
  /** Resolves when every connection is closed. Queries in progress are waited for. */
  readonly end: () => Promise<void>;
}

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A bigint of the database is past 2^53');
  return value;
}

const asText = (text: string) => text;
const TEXT_ARRAY = 1009;
const BIGINT_ARRAY = 1016;
const DATE_ARRAY = 1182;
/** Declared as `any` by the package, and for named oids only. */
const usualParser = pg.types.getTypeParser as (
  oid: number,
  format?: 'text' | 'binary',
) => (text: string) => unknown;
const parseTextArray = usualParser(TEXT_ARRAY) as (text: string) => (string | null)[];
const parseBigintArray = (text: string) =>
  parseTextArray(text).map((element) => (element === null ? null : parseBigint(element)));

const parsersByOid = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, parseBigint],
  [BIGINT_ARRAY, parseBigintArray],
  // A calendar date belongs to no time zone; the default would make it a local midnight.
  [pg.types.builtins.DATE, asText],
  [DATE_ARRAY, parseTextArray],
]);

/** Of this pool only: the parsers of `pg` itself are global, and other packages rely on them. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsersByOid.get(oid)) ?? usualParser(oid, format),
};

/**
 * Opens a pool. Connects on the first query, so it does not fail when the database is away. The database must be
 * migrated by then.
 */
export function connectDatabase(options: DatabaseOptions): Database {
  // The pool waits for it, though its type does not say so: a connection on which it fails is not used. A role among the
  // options of the connection would be replaced by one in the URL.
  const onConnect = createConnectionCheck(
    `SET ROLE app; ${ISOLATION_SQL}; ${KEEPALIVE_SQL}; ${PREPARE_AT_ONCE_SQL}`,
    options.onLineChanged ?? (() => undefined),
  ) as (client: pg.ClientBase) => void;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    query_timeout: options.answerMsMax ?? ANSWER_MS_MAX,
    idle_in_transaction_session_timeout: options.idleInTransactionMsMax ?? IDLE_IN_TRANSACTION_MS_MAX,
    keepAlive: true,
    // Statements of one transaction that do not need each other's results travel together.
    pipeline: true,
    ...(options.role === 'own' ? {} : {onConnect}),
    types,
  });
  const report = (error: Error) => options.onConnectionLost?.(error);
  // An `error` event without a listener ends the process. The pool speaks for idle connections only, so
  // each connection has a listener too: it may also break between two statements of a transaction.
  pool.on('error', report);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    writeOncePerTurn(client.connection.stream);
  });
  return {pool, drizzle: drizzle(pool), end: () => pool.end()};
}

/** Throws unless a commit that Postgres reports is on disk. An acknowledgement to a device promises that. */
export async function assertDurable(pool: pg.Pool): Promise<void> {
  const {rows} = await pool.query<{name: string; setting: string}>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')`,
  );
  const off = rows.filter(({setting}) => setting === 'off').map(({name}) => name);
  if (off.length > 0)
    throw new Error(`The database would lose acknowledged writes: ${off.join(', ')} is off`);
}
