// A small disk to be filled up, where this machine lets us have one.
import {execFile} from 'node:child_process';
import {rm, stat, statfs, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {onTestFinished} from 'vitest';
import {makeScratchFolder} from './scratch-folder.ts';

const run = promisify(execFile);

export interface SmallDisk {
  readonly folder: string;
  /** Nothing more fits. */
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/** Of so many MiB, in memory, the user's who owns `like`. Null where we may not mount. Gone with the test. */
export async function mountSmallDisk(mebibytes: number, like: string): Promise<SmallDisk | null> {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return null;
  const folder = await makeScratchFolder();
  const {uid, gid} = await stat(like);
  const options = `size=${mebibytes}m,mode=0700,uid=${uid},gid=${gid}`;
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).then(
    () => true,
    () => false,
  );
  if (!mounted) return null;
  onTestFinished(async () => {
    await run('umount', ['--lazy', folder]);
  });
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill() {
      const {bavail, bsize} = await statfs(folder);
      await writeFile(ballast, Buffer.alloc(bavail * bsize));
    },
    empty: () => rm(ballast),
  };
}
