// The name of this database's history. Cursors carry it.
import type pg from 'pg';

/** A UUID; another one after a backup has been restored. */
export async function readDatabaseEpoch(pool: pg.Pool): Promise<string> {
  const {rows} = await pool.query<{epoch: string}>('SELECT epoch FROM database_epoch');
  const [row] = rows;
  if (row === undefined) throw new Error('The database has no epoch: was it migrated?');
  return row.epoch;
}
