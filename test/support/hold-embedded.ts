// Run as a process of its own by tests of the embedded database: starts it, prints its URL on one line, and
// stops it when its input ends. Arguments: DATA_DIR, and optionally the folder of Postgres' programs.
import {startEmbedded} from '#db/embedded.ts';

const [dataDir = '', programs] = process.argv.slice(2);
try {
  const embedded = await startEmbedded({
    dataDir,
    log: console.error,
    ...(programs === undefined ? {} : {programs}),
  });
  console.log(embedded.url);
  process.stdin.resume().once('end', () => void embedded.stop());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
