// JSON lines to a new file or to standard output, as fast as they are taken: nothing piles up in memory.
import {once} from 'node:events';
import {createWriteStream} from 'node:fs';
import {finished} from 'node:stream/promises';
import {CommandError} from './outcome.ts';

export interface LineSink {
  /** Resolves when more may be written. */
  write(line: object): Promise<void>;
  /** Lines so far. */
  count(): number;
  /** On disk, where it is a file. */
  close(): Promise<void>;
}

/** A file is made anew, for its owner's eyes only, and never written over. */
export async function openLines(path: string | undefined): Promise<LineSink> {
  const stream =
    path === undefined ? process.stdout : createWriteStream(path, {flags: 'wx', mode: 0o600, flush: true});
  if (path !== undefined)
    await once(stream, 'open').catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
      throw new CommandError(`${path} cannot be made: ${code === 'EEXIST' ? 'it is there already' : code}.`);
    });
  let lines = 0;
  return {
    async write(line) {
      lines++;
      if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain');
    },
    count: () => lines,
    async close() {
      if (stream === process.stdout) return;
      stream.end();
      await finished(stream);
    },
  };
}
