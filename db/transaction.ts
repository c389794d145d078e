// Transactions of one tenant. Every statement about tenant data runs inside one, so that row-level
// security knows the tenant. server/sync's lane and readers, and the queries beside this file, come through here;
// so do the few statements that cross tenants, under a role of their own.
import type {TenantId} from '#crdt/protocol/ids.ts';
import pg from 'pg';

/**
 * The connection broke while COMMIT was under way: the transaction may or may not be durable. Whoever
 * catches this reads again before deciding anything. `cause` is the connection's error.
 */
export class CommitOutcomeUnknown extends Error {
  constructor(cause: unknown) {
    super('The connection to the database broke during COMMIT', {cause});
    this.name = 'CommitOutcomeUnknown';
  }
}

// The lane needs each statement to see what was committed before it, whatever the database's default says.
type Isolation = 'READ COMMITTED' | 'REPEATABLE READ READ ONLY';

/**
 * `app` sees the rows of the tenant that is set, and none if none is. `worker` sees those of all. `none`: whoever
 * DATABASE_URL names.
 */
type Role = 'app' | 'worker' | 'none';

/**
 * On whose behalf a transaction runs. Both go with the transaction, however it ends. tenant: SQL of a text. The one place
 * for that: whatever else must hold in every transaction is set here.
 */
function settingsSql(role: Role, tenant: string): string {
  return `set_config('role', '${role}', true), set_config('app.tenant_id', ${tenant}, true)`;
}

/** Opens a transaction and says in the same message, so in one round trip, on whose behalf it runs. */
const begin = (role: Role, tenantId: TenantId | '', isolation: Isolation): string =>
  `BEGIN ISOLATION LEVEL ${isolation}; SELECT ${settingsSql(role, pg.escapeLiteral(tenantId))}`;

const beginFor = (tenantId: TenantId, isolation: Isolation): string => begin('app', tenantId, isolation);

/**
 * For the few large prepared statements of a lane: planned once, not at every call, which takes longer than they do.
 * The plan outlives the time when the tables were small, so it must not read a table or a tenant from end to end
 * because there is little in it: rows are looked up one by one, by index.
 */
const PLANNED = [
  `set_config('plan_cache_mode', 'force_generic_plan', true)`,
  ...['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material'].map(
    (setting) => `set_config('${setting}', 'off', true)`,
  ),
].join(', ');

const beginPlanned = (tenantId: TenantId): string => `${beginFor(tenantId, 'READ COMMITTED')}, ${PLANNED}`;

/** Postgres refused the statement and the session goes on. Anything else leaves the connection in doubt. */
const isRefusal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.severity === 'ERROR';

async function commit(client: pg.PoolClient): Promise<void> {
  let command: string;
  try {
    command = (await client.query('COMMIT')).command;
  } catch (error) {
    throw isRefusal(error) ? error : new CommitOutcomeUnknown(error);
  }
  // COMMIT of a transaction in which a statement failed rolls back, and reports that without an error.
  if (command !== 'COMMIT')
    throw new Error('A statement failed and its error was not passed on: rolled back');
}

/** True: the connection is usable again. */
async function rollback(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    // The error that led here is the one to report; this one only says that the connection is gone.
    return false;
  }
}

/**
 * Runs `work` in a transaction of `tenantId`, on one connection, and commits. What `work` resolves to is
 * durable once this resolves. Rolls back and rethrows what `work` or COMMIT throws; a connection that broke is
 * dropped, not reused. `work` must await all its statements, and must not keep `client`.
 */
export const withTenant = <Result>(
  pool: pg.Pool,
  tenantId: TenantId,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => runWith(pool, beginFor(tenantId, 'READ COMMITTED'), work);

/** The same about what belongs to no tenant: users, and what outside services told. */
export const withoutTenant = <Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => runWith(pool, begin('app', '', 'READ COMMITTED'), work);

/**
 * The same as the role that DATABASE_URL names, which owns the tables: for what an operator may do and the server may
 * not. Row-level security holds for it too, unless it is a superuser.
 */
export const asOwner = <Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => runWith(pool, begin('none', '', 'READ COMMITTED'), work);

/** The same for a lane, whose statements are always the same few. */
export const withTenantPlanned = <Result>(
  pool: pg.Pool,
  tenantId: TenantId,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => runWith(pool, beginPlanned(tenantId), work);

/** The same for reading: all statements of `work` see the database as it was at the first. */
export const withTenantSnapshot = <Result>(
  pool: pg.Pool,
  tenantId: TenantId,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => runWith(pool, `${beginFor(tenantId, 'REPEATABLE READ READ ONLY')}, ${UNHURRIED}`, work);

/** It holds nobody up, and an export writes each page to wherever it goes before it reads the next. */
const UNHURRIED = `set_config('idle_in_transaction_session_timeout', '5min', true)`;

/** One statement may be asked, once. */
export interface OneStatement {
  query<Row extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

const AT_ONCE = 'at_once';

/** Sent when a connection is made: what withTenantAtOnce says first is then planned once and not parsed every time. */
export const PREPARE_AT_ONCE_SQL = `PREPARE ${AT_ONCE} (text) AS
  SELECT WHERE num_nulls(${settingsSql('app', '$1')}, ${PLANNED}) < 0`;

/**
 * One statement of a lane in a transaction of `tenantId`, in one round trip. Postgres takes what comes before a Sync of
 * its extended protocol for one transaction, and commits at the Sync: no BEGIN, no COMMIT, and no moment in which a line
 * that breaks leaves locks behind. It is committed whatever it answers, so it must leave everything as it was where it
 * finds that it may not write. Rethrows what Postgres refused it for, having rolled back; no answer at all is
 * CommitOutcomeUnknown.
 */
export const withTenantAtOnce = <Result>(
  pool: pg.Pool,
  tenantId: TenantId,
  work: (client: OneStatement) => Promise<Result>,
): Promise<Result> =>
  onConnection(pool, {
    use: (client) => work({query: (statement) => sendAlone(client, tenantId, statement)}),
    isUsableAfter: (_, error) => Promise.resolve(isRefusal(error)),
  });

async function sendAlone<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  tenantId: TenantId,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  // The driver knows nothing of these two: it finds their answer, which has no rows, before that of its statement.
  client.connection.bind({statement: AT_ONCE, values: [tenantId]}, true);
  client.connection.execute({}, true);
  try {
    const answers: unknown = await client.query<Row>({...statement, queryMode: 'extended'} as pg.QueryConfig);
    const [, answer] = answers as [unknown, pg.QueryResult<Row>];
    return answer;
  } catch (error) {
    throw isRefusal(error) ? error : new CommitOutcomeUnknown(error);
  }
}

/** What is asked for one of several tenants. */
export interface TenantStatement<Result> {
  readonly tenantId: TenantId;
  readonly statement: (client: pg.PoolClient) => Promise<Result>;
}

/**
 * Statements for several tenants, each tenant's in a transaction of its own. All are sent together on one connection, in
 * one round trip, and Postgres carries them out one after the other. Resolves when the last is through. Each result
 * settles as it would have alone: what one is refused for is no matter of the others.
 */
export const withTenantsAtOnce = <Result>(
  pool: pg.Pool,
  asked: readonly TenantStatement<Result>[],
): Promise<Promise<Result>[]> => sendEach(pool, asked, beginPlanned);

/** The same for statements that read, of which each tenant may have several as in readAtOnce. */
export const readTenantsAtOnce = <Result>(
  pool: pg.Pool,
  asked: readonly TenantStatement<Result>[],
): Promise<Promise<Result>[]> => sendEach(pool, asked, (tenantId) => beginFor(tenantId, 'READ COMMITTED'));

const sendEach = <Result>(
  pool: pg.Pool,
  asked: readonly TenantStatement<Result>[],
  beginning: (tenantId: TenantId) => string,
): Promise<Promise<Result>[]> =>
  onConnection(pool, {
    async use(client, drop) {
      const results = asked.map(({tenantId, statement}) =>
        sendTransaction(client, beginning(tenantId), statement),
      );
      for (const outcome of await Promise.allSettled(results)) {
        if (outcome.status === 'rejected' && !isRefusal(outcome.reason)) drop();
      }
      return results;
    },
    isUsableAfter: () => Promise.resolve(false),
  });

/** Sends BEGIN, the statement and COMMIT. */
async function sendTransaction<Result>(
  client: pg.PoolClient,
  beginning: string,
  statement: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const [, answered, committed] = await Promise.allSettled([
    client.query(beginning),
    statement(client),
    commit(client),
  ]);
  if (answered.status === 'rejected' && isRefusal(answered.reason)) throw answered.reason;
  if (committed.status === 'rejected') throw committed.reason;
  if (answered.status === 'rejected') throw answered.reason;
  return answered.value;
}

/**
 * Statements that read for `tenantId` and none of which waits for another's answer, sent together with BEGIN and COMMIT:
 * one round trip. Rethrows what they failed with, without waiting for a connection that no longer answers.
 */
export const readAtOnce = <Result>(
  pool: pg.Pool,
  tenantId: TenantId,
  statements: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => sendAtOnce(pool, beginFor(tenantId, 'READ COMMITTED'), statements);

/**
 * One statement that crosses tenants, sent in the same way. It may read everything and change next to nothing. For the
 * functions of this folder that say so; what comes out of them is narrowed by their own WHERE alone.
 */
export const asWorker = <Result>(
  pool: pg.Pool,
  statement: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> => sendAtOnce(pool, begin('worker', '', 'READ COMMITTED'), statement);

const sendAtOnce = <Result>(
  pool: pg.Pool,
  beginning: string,
  statements: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> =>
  onConnection(pool, {
    async use(client) {
      const begun = client.query(beginning);
      const answered = statements(client);
      const committed = commit(client);
      for (const step of [begun, committed]) step.catch(() => undefined);
      try {
        const result = await answered;
        await committed;
        return result;
      } catch (error) {
        // Refused because BEGIN was: that is the error to report.
        if (isRefusal(error)) await begun;
        throw error;
      }
    },
    isUsableAfter: (_, error) => Promise.resolve(isRefusal(error)),
  });

const runWith = <Result>(
  pool: pg.Pool,
  begin: string,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> =>
  onConnection(pool, {
    async use(client) {
      // Not waited for: the first statement of `work` travels with it. Should BEGIN fail, so does all that follows.
      const begun = client.query(begin);
      begun.catch(() => undefined);
      const result = await work(client);
      await begun;
      await commit(client);
      return result;
    },
    isUsableAfter: async (client, error) =>
      !(error instanceof CommitOutcomeUnknown) && (await rollback(client)),
  });

interface Use<Result> {
  /** drop: the connection is in doubt and must not go back to the pool, although `use` does not throw. */
  readonly use: (client: pg.PoolClient, drop: () => void) => Promise<Result>;
  /** Whether the connection may go back to the pool although `use` threw. */
  readonly isUsableAfter: (client: pg.PoolClient, error: unknown) => Promise<boolean>;
}

/** A connection that broke, or that is in doubt, is dropped and not returned. */
async function onConnection<Result>(pool: pg.Pool, {use, isUsableAfter}: Use<Result>): Promise<Result> {
  const client = await pool.connect();
  let isUsable = true;
  const drop = () => {
    isUsable = false;
  };
  client.on('error', drop);
  try {
    return await use(client, drop);
  } catch (error) {
    if (!(await isUsableAfter(client, error))) isUsable = false;
    throw error;
  } finally {
    client.off('error', drop);
    client.release(!isUsable);
  }
}
