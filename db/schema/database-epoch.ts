// One row that names this database's history. It is made by the migration and changed when a backup is restored:
// cursors carry it, so a device that has seen more than the backup holds is told to read everything again.
import {sql} from 'drizzle-orm';
import {boolean, check, pgTable, uuid} from 'drizzle-orm/pg-core';

export const databaseEpoch = pgTable(
  'database_epoch',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    epoch: uuid('epoch').notNull().defaultRandom(),
  },
  (table) => [check('database_epoch_one_row', sql`${table.isOnly}`)],
);
