import {randomBytes} from 'node:crypto';
import {chmod, mkdtemp, readdir, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {readOrMakeSecret} from './secret-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-file-'));
});
afterEach(() => rm(folder, {recursive: true}));

const make = () => randomBytes(16).toString('hex');
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

it('makes a secret once, readable by its owner only', async () => {
  const path = join(folder, 'deep', 'key');
  const made = await readOrMakeSecret(path, make);
  expect(await readOrMakeSecret(path, make)).toBe(made);
  expect(await modeOf(path)).toBe(0o600);
});

it('gives everyone the same secret when many start at once', async () => {
  const path = join(folder, 'key');
  const secrets = await Promise.all(Array.from({length: 20}, () => readOrMakeSecret(path, make)));
  expect(new Set(secrets).size).toBe(1);
  expect(await readdir(folder)).toEqual(['key']);
});

it('closes a file that others could read', async () => {
  const path = join(folder, 'key');
  await readOrMakeSecret(path, make);
  await chmod(path, 0o644);
  await readOrMakeSecret(path, make);
  expect(await modeOf(path)).toBe(0o600);
});
