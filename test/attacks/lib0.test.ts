// A34: lib0 before 0.2.118 reads past the end of an update into the memory of other requests. yjs and
// y-protocols would accept such a version, so that an old lockfile could bring it back.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {describe, expect, it} from 'vitest';
import * as decoding from 'lib0/decoding';

const OLDEST_SAFE = [0, 2, 118];

interface Lockfile {
  readonly packages: Readonly<Record<string, {readonly version?: string} | undefined>>;
}

const isSafe = (version: string): boolean => {
  const parts = version.split('.').map(Number);
  for (const [index, least] of OLDEST_SAFE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
};

describe('A34 lib0', () => {
  it('is in the lockfile once, and not a version that reads past the end', async () => {
    const lockfile = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lockfile;
    const copies = Object.entries(lockfile.packages).filter(([path]) => path.endsWith('node_modules/lib0'));
    expect(copies.map(([path]) => path)).toEqual(['node_modules/lib0']);
    expect(isSafe(copies[0]?.[1]?.version ?? '')).toBe(true);
  });

  it('is the one that yjs and y-protocols load', () => {
    const here = createRequire(import.meta.url);
    const own = here.resolve('lib0/decoding');
    for (const user of ['yjs', 'y-protocols/sync']) {
      expect(createRequire(here.resolve(user)).resolve('lib0/decoding')).toBe(own);
    }
  });

  it('does not read past the end of a message in a pooled buffer', () => {
    const pool = new Uint8Array(64).fill(0x53);
    pool.set([20, 1, 2, 3]);
    const message = pool.subarray(0, 4);
    expect(() => decoding.readVarUint8Array(decoding.createDecoder(message))).toThrow();
  });
});
