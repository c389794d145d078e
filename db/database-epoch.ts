// The name of this database's history. Cursors carry it, so that a device that has seen more than a restored backup
// holds is told to read everything again. It follows from the database itself: whoever restores need not remember to
// say so, but for copies of the disk, which look like what they were copied from (`renewDatabaseEpoch`).
import type pg from 'pg';
import {asOwner} from './transaction.ts';

/**
 * Another cluster (a dump), another database in it, another line of its log (a standby that took over, a restore to a
 * point in time). Null on a standby, which nobody may write to. One row.
 */
const lineSql = `
  SELECT CASE WHEN NOT pg_is_in_recovery() THEN concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8)) END AS line`;

/** Another one after a backup was restored or a standby took over, whether or not anything was lost by that. */
export async function readDatabaseEpoch(pool: pg.Pool): Promise<string> {
  const {rows} = await pool.query<{epoch: string; line: string | null}>(
    `SELECT epoch, (${lineSql}) AS line FROM database_epoch`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no epoch: was it migrated?');
  return `${row.epoch}/${row.line ?? ''}`;
}

/** The connection leads to a database that goes on from another place than the one this pool began with. */
export class DatabaseLineChanged extends Error {
  constructor() {
    super('The database was restored or replaced under this server');
    this.name = 'DatabaseLineChanged';
  }
}

/**
 * What is to be done with each new connection of a pool before it is used: makes sure that it leads where the first one
 * led. What a process keeps of records, roles and positions is of one line: from where another one goes on, part of that
 * may never have happened. settings: statements that are sent along.
 */
export function createConnectionCheck(
  settings: string,
  onLineChanged: () => void,
): (client: pg.ClientBase) => Promise<void> {
  let known: string | null = null;
  return async (client) => {
    // One message. The driver answers a list where it was sent several statements, which its type does not say.
    const answers: unknown = await client.query(`${lineSql}; ${settings}`);
    const [{rows}] = answers as [pg.QueryResult<{line: string | null}>];
    const line = rows[0]?.line ?? null;
    if (line === null) throw new Error('Connection refused: the database is a standby');
    known ??= line;
    if (line === known) return;
    onLineChanged();
    throw new DatabaseLineChanged();
  };
}

/** Cursors given out before are void from then on. Servers that run go on with the old one: they are to be started again. */
export async function renewDatabaseEpoch(pool: pg.Pool): Promise<string> {
  const {rows} = await asOwner(pool, (client) =>
    client.query<{epoch: string}>('UPDATE database_epoch SET epoch = gen_random_uuid() RETURNING epoch'),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no epoch: was it migrated?');
  return row.epoch;
}
