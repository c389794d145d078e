// `npm run migrate`: migrates the database of DATABASE_URL, or else the embedded one of DATA_DIR, and says what
// it did. The release step of a deployment runs it before new nodes start.
import {startEmbedded} from './embedded.ts';
import {migrateDatabase} from './migrate.ts';

async function migrateAndTell(url: string): Promise<void> {
  const applied = await migrateDatabase(url);
  for (const tag of applied) console.log(`applied ${tag}`);
  console.log(applied.length === 0 ? 'nothing to migrate' : `migrated: ${applied.length} applied`);
}

async function main(): Promise<void> {
  // A variable that is set but empty counts as absent.
  const [url = '', dataDir = ''] = [process.env.DATABASE_URL, process.env.DATA_DIR];
  if (url !== '') return migrateAndTell(url);
  const embedded = await startEmbedded({dataDir: dataDir === '' ? './data' : dataDir, log: console.log});
  await migrateAndTell(embedded.url).finally(() => embedded.stop());
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
