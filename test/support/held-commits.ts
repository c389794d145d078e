// Holds back every commit of a tenant at its very last step, by the row that gives out positions.
import {setTimeout as delay} from 'node:timers/promises';
import type pg from 'pg';

export interface HeldCommits {
  /** Resolves once a commit waits. */
  waiting(): Promise<void>;
  release(): Promise<void>;
}

/** owner: of the tables, with connections to spare. */
export async function holdCommits(owner: pg.Pool, tenantId: string): Promise<HeldCommits> {
  const client = await owner.connect();
  await client.query('BEGIN');
  await client.query('SELECT seq FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
  return {
    async waiting() {
      for (;;) {
        // Of those that wait for this connection: other tests' databases are on the same server.
        const {rowCount} = await client.query(
          'SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))',
        );
        if ((rowCount ?? 0) > 0) return;
        // Postgres cannot be asked to say when.
        await delay(5);
      }
    },
    async release() {
      await client.query('COMMIT');
      client.release();
    },
  };
}
