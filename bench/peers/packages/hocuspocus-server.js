// Hocuspocus with its Database extension on Postgres, one row per document, settings as they come. Run by the
// newer Node that it needs. DATABASE_URL: where the documents are kept.
import process from 'node:process';
import {Database} from '@hocuspocus/extension-database';
import {Server} from '@hocuspocus/server';
import pg from 'pg';

const pool = new pg.Pool({connectionString: process.env.DATABASE_URL, max: 10});
await pool.query('CREATE TABLE IF NOT EXISTS documents (name text PRIMARY KEY, data bytea NOT NULL)');

const database = new Database({
  async fetch({documentName}) {
    const {rows} = await pool.query({
      name: 'fetch',
      text: 'SELECT data FROM documents WHERE name = $1',
      values: [documentName],
    });
    return rows[0]?.data ?? null;
  },
  async store({documentName, state}) {
    await pool.query({
      name: 'store',
      text: 'INSERT INTO documents (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data',
      values: [documentName, state],
    });
  },
});

const server = new Server({address: '127.0.0.1', port: 0, quiet: true, extensions: [database]});
await server.listen();
process.stdout.write(`listening on http://127.0.0.1:${server.address.port}\n`);
