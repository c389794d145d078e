// The database that a command works on: that of DATABASE_URL, or else the embedded one of DATA_DIR, which must not be
// in use by a running server.
import type pg from 'pg';
import {connectDatabase} from '#db/connect.ts';
import {startEmbedded} from '#db/embedded.ts';
import type {Config} from './config.ts';

/** note: told, in a sentence, where something is not as one would expect. Everything is closed once `use` has ended. */
export async function withCommandDatabase<Result>(
  config: Config,
  {name, note}: {name: string; note: (message: string) => void},
  use: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  const connected = async (url: string): Promise<Result> => {
    const {pool, end} = connectDatabase({url, poolSize: 2, applicationName: `fieldmerge ${name}`});
    try {
      return await use(pool);
    } finally {
      await end();
    }
  };
  if (config.database.kind === 'url') return connected(config.database.url);
  const embedded = await startEmbedded({dataDir: config.dataDir, log: note});
  try {
    return await connected(embedded.url);
  } finally {
    await embedded.stop();
  }
}
