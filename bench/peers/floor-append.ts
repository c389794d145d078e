// floor-pg: bytes are appended to one table, payloads merged into another by Postgres. Nothing is looked into.
import type pg from 'pg';
import type {FloorStore} from './floor-store.ts';

export async function openAppendStore(pool: pg.Pool): Promise<FloorStore> {
  await pool.query(`
    CREATE TABLE IF NOT EXISTS updates (seq bigserial PRIMARY KEY, record int NOT NULL, bytes bytea NOT NULL);
    CREATE TABLE IF NOT EXISTS records (id uuid PRIMARY KEY, seq bigserial NOT NULL, payload jsonb NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS records_seq ON records (seq)`);
  return {
    async commit(updates) {
      await pool.query({
        name: 'append',
        text: 'INSERT INTO updates (record, bytes) SELECT * FROM unnest($1::int[], $2::bytea[])',
        values: [updates.map(({record}) => record), updates.map(({update}) => Buffer.from(update))],
      });
    },
    async upsert(changes) {
      const {rows} = await pool.query<{id: string; seq: string}>({
        name: 'upsert',
        text: `INSERT INTO records (id, payload) SELECT * FROM unnest($1::uuid[], $2::jsonb[])
          ON CONFLICT (id) DO UPDATE SET payload = records.payload || excluded.payload, seq = nextval('records_seq_seq')
          RETURNING id, seq`,
        values: [changes.map(({id}) => id), changes.map(({payload}) => JSON.stringify(payload))],
      });
      return rows;
    },
    async select(query) {
      const limit = Number(query.get('limit'));
      const {rows} = await pool.query<{seq: string}>({
        name: 'select',
        text: 'SELECT id, seq, payload FROM records WHERE seq > $1 ORDER BY seq LIMIT $2',
        values: [query.get('since') ?? '0', limit],
      });
      return {changes: rows, nextCursor: rows.at(-1)?.seq ?? '0', hasMore: rows.length === limit};
    },
  };
}
