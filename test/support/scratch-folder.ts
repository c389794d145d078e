// Folders for what tests write. They lie in one folder of the run, which is removed at its end, however it ends, and
// every embedded Postgres in it is stopped first: a DATA_DIR of a test belongs here.
import {chmod, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {inject, onTestFinished} from 'vitest';

/** A new folder of the test that runs. mode: 0o711 lets the user in that runs Postgres for root. */
export async function makeScratchFolder({mode = 0o711}: {mode?: number} = {}): Promise<string> {
  const folder = await mkdtemp(join(inject('scratchFolder'), 'scratch-'));
  await chmod(folder, mode);
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  return folder;
}
