// Attacks that are met by not having what they attack: what the product's code must never call.
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';

async function sources(): Promise<{path: string; text: string}[]> {
  const folders = ['crdt', 'db', 'server'];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, {recursive: true, withFileTypes: true});
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
        .map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return Promise.all(found.flat().map(async (path) => ({path, text: await readFile(path, 'utf8')})));
}

const users = async (pattern: RegExp): Promise<string[]> =>
  (await sources()).filter(({text}) => pattern.test(text)).map(({path}) => path);

it('A13 no code reads or writes the V2 format, in which a few bytes can hang a process', async () => {
  expect(
    await users(
      /\b(applyUpdateV2|readUpdateV2|parseUpdateMetaV2|mergeUpdatesV2|diffUpdateV2|decodeUpdateV2)\b/,
    ),
  ).toEqual([]);
  expect(await users(/\b(convertUpdateFormat\w+|encodeState\w*V2|UpdateDecoderV2|updateV2)\b/)).toEqual([]);
});

it('A16 no code lets Yjs decode what nobody has checked', async () => {
  expect(await users(/\b(decodeUpdate|logUpdate|parseUpdateMeta)\(/)).toEqual([]);
});

it('A33 presence is not decoded by y-protocols, whose states anybody can forge', async () => {
  expect(await users(/y-protocols\/awareness/)).toEqual([]);
  expect(await users(/\b(applyAwarenessUpdate|removeAwarenessStates|modifyAwarenessUpdate)\b/)).toEqual([]);
});
