// What every store does with the server's own files, and what lies on the disk.
import {randomBytes, randomUUID} from 'node:crypto';
import {readdir, readFile as readDisk, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {startS3Server, type S3Server} from '#test/support/file-stores.ts';
import {createWorld, type World} from '#test/support/world.ts';
import type {FileKey} from './file-store.ts';
import {readFile, saveFile} from './server-files.ts';

const mimeType = 'application/pdf';
const everything = {bytesMax: 1024 * 1024};

describe.each(['disk', 's3'])('files of the server in the %s store', (kind) => {
  let world: World;
  let bucket: S3Server | undefined;
  let tenantId: TenantId;
  beforeAll(async () => {
    if (kind === 's3') bucket = await startS3Server();
    world = await createWorld(bucket === undefined ? {} : {openFiles: bucket.openFiles});
    tenantId = (await world.newManager()).tenantId as TenantId;
  });
  afterAll(async () => {
    await world.close();
    await bucket?.close();
  });
  const newKey = (): FileKey => ({tenantId, id: randomUUID()});

  test.each([1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000])(
    'a file of %i bytes is read as it was saved',
    async (size) => {
      const {files} = world.service;
      const key = newKey();
      const bytes = randomBytes(size);
      await saveFile(files, {...key, bytes, mimeType});
      expect(Buffer.from(await readFile(files, {...key, ...everything})).equals(bytes)).toBe(true);
      expect(await files.head(key)).toEqual({sizeBytes: size, mimeType});
      expect(Buffer.from(await files.readStart(key, 16))).toEqual(bytes.subarray(0, 16));
    },
  );

  test('a file is replaced as a whole, removed for good, and listed while it is there', async () => {
    const {files} = world.service;
    const key = newKey();
    await saveFile(files, {...key, bytes: randomBytes(500), mimeType});
    await saveFile(files, {...key, bytes: Buffer.from('new'), mimeType});
    expect(Buffer.from(await readFile(files, {...key, ...everything})).toString()).toBe('new');
    const listed: FileKey[] = [];
    for await (const file of files.list('kept')) listed.push(file.key);
    expect(listed).toContainEqual(key);
    await files.remove('kept', key);
    await files.remove('kept', key);
    expect(await files.head(key)).toBeUndefined();
    await expect(readFile(files, {...key, ...everything})).rejects.toMatchObject({code: 'not_found'});
    await expect(files.readStart(key, 4)).rejects.toMatchObject({code: 'not_found'});
  });

  test('a file longer than its reader can take is not read on', async () => {
    const {files} = world.service;
    const key = newKey();
    await saveFile(files, {...key, bytes: randomBytes(1000), mimeType});
    await expect(readFile(files, {...key, bytesMax: 999})).rejects.toMatchObject({code: 'body_too_large'});
  });

  if (kind === 's3') return;

  test('nothing of a file lies on the disk in the clear', async () => {
    const canary = `canary-${randomUUID()}`;
    await saveFile(world.service.files, {...newKey(), bytes: Buffer.from(canary.repeat(9_000)), mimeType});
    const folder = join(world.dataDir, 'files');
    for (const entry of await readdir(folder, {recursive: true, withFileTypes: true})) {
      if (!entry.isFile()) continue;
      const bytes = await readDisk(join(entry.parentPath, entry.name));
      expect(bytes.includes(canary) || bytes.includes(mimeType)).toBe(false);
    }
  });

  test('a file that was cut, altered, or put under another name does not open', async () => {
    const {files} = world.service;
    const [cut, altered, moved] = [newKey(), newKey(), newKey()];
    const pathOf = ({id}: FileKey): string => join(world.dataDir, 'files/kept', tenantId, id);
    for (const key of [cut, altered]) await saveFile(files, {...key, bytes: randomBytes(200_000), mimeType});
    const whole = await readDisk(pathOf(altered));
    await writeFile(pathOf(moved), whole);
    await truncate(pathOf(cut), whole.length - 64 * 1024);
    whole[whole.length - 1] = (whole.at(-1) ?? 0) ^ 1;
    await writeFile(pathOf(altered), whole);
    for (const key of [cut, altered, moved])
      await expect(readFile(files, {...key, ...everything})).rejects.toMatchObject({code: 'internal'});
  });

  test('a name that is no UUID names no file', async () => {
    const key = {tenantId, id: '../../secret'};
    await expect(saveFile(world.service.files, {...key, bytes: randomBytes(3), mimeType})).rejects.toThrow();
    await expect(world.service.files.head(key)).rejects.toThrow();
  });
});
