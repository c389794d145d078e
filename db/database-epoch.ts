// The name of this database's history. Cursors carry it.
import type pg from 'pg';
import {asOwner} from './transaction.ts';

/** A UUID; another one after a backup has been restored. */
export async function readDatabaseEpoch(pool: pg.Pool): Promise<string> {
  const {rows} = await pool.query<{epoch: string}>('SELECT epoch FROM database_epoch');
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no epoch: was it migrated?');
  return row.epoch;
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
