// The file store where there is no S3: files under DATA_DIR/files, sealed with their tenant's key, reached through signed
// URLs of this server. server/rest/files.ts serves those URLs.
import {randomUUID} from 'node:crypto';
import {mkdir, open, opendir, rename, rm, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid, type TenantId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {readGrant, signGrant, type Grant} from './disk-url.ts';
import {
  DOWNLOAD_URL_MS,
  UPLOAD_URL_MS,
  type FileFacts,
  type FileKey,
  type FileStore,
  type Place,
  type StoredFile,
} from './file-store.ts';
import {openSealed, writeSealed, type SealedFile} from './sealed-file.ts';

/** What the disk store's own URLs do. */
export interface DiskFiles {
  /** Throws SyncError `file_url_refused` unless the URL was signed for this. */
  checkUrl(key: FileKey, request: {method: Grant['method']; query: URLSearchParams}): Promise<Grant>;
  /** False: the content was not as long as it had to be, and nothing of it is kept. */
  upload(key: FileKey, facts: FileFacts, content: AsyncIterable<Uint8Array>): Promise<boolean>;
}

export interface DiskStoreDeps {
  /** Absolute; made as needed. */
  readonly folder: string;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
  /** ms since epoch. */
  readonly now: () => number;
}

export type DiskStore = FileStore & {readonly disk: DiskFiles};

export function createDiskStore({folder, cipherOf, now}: DiskStoreDeps): DiskStore {
  const pathOf = (place: Place, {tenantId, id}: FileKey): string => {
    // The last line of defence: keys are made by the server and are UUIDs, or they are nothing.
    if (!isUuid(tenantId) || !isUuid(id))
      throw new SyncError('internal', {message: 'A file has no such name.'});
    return join(folder, place, tenantId, id);
  };
  const openFile = async (key: FileKey): Promise<SealedFile | undefined> =>
    openSealed(pathOf('kept', key), {cipher: await cipherOf(key.tenantId), id: key.id});
  const openThere = async (key: FileKey): Promise<SealedFile> => {
    const file = await openFile(key);
    if (file === undefined) throw new SyncError('not_found');
    return file;
  };
  const headOf: FileStore['head'] = async (key) => {
    const file = await openFile(key);
    await file?.close();
    return file?.facts;
  };
  const put = async (
    path: string,
    {
      key,
      facts,
      content,
    }: {key: FileKey; facts: FileFacts; content: AsyncIterable<Uint8Array> | Uint8Array[]},
  ): Promise<boolean> => {
    const cipher = await cipherOf(key.tenantId);
    await mkdir(dirname(path), {recursive: true, mode: 0o700});
    const draft = `${path}.${randomUUID()}`;
    try {
      const isWhole = await writeSealed(draft, {cipher, id: key.id, facts, content});
      if (isWhole) await moveDurably(draft, path);
      return isWhole;
    } finally {
      await rm(draft, {force: true});
    }
  };

  return {
    async signUpload(key, {mimeType, sizeBytes, origin}) {
      const expires = now() + UPLOAD_URL_MS;
      const grant: Grant = {method: 'PUT', mimeType, sizeBytes, fileName: '', expires};
      return {
        url: origin + signGrant(await cipherOf(key.tenantId), key, grant),
        headers: {'content-type': mimeType, 'content-length': String(sizeBytes)},
        expiresAt: new Date(expires),
      };
    },
    async signDownload(key, {mimeType, fileName, origin}) {
      const expires = now() + DOWNLOAD_URL_MS;
      const grant: Grant = {method: 'GET', mimeType, sizeBytes: 0, fileName, expires};
      const url = origin + signGrant(await cipherOf(key.tenantId), key, grant);
      return {url, headers: {}, expiresAt: new Date(expires)};
    },
    async accept(key, keptId) {
      const cipher = await cipherOf(key.tenantId);
      const waiting = await openSealed(pathOf('waiting', key), {cipher, id: key.id});
      if (waiting === undefined) return undefined;
      const {facts, chunks: content} = waiting;
      const kept = {...key, id: keptId};
      // Sealed anew, since a file is sealed to its name.
      await put(pathOf('kept', kept), {key: kept, facts, content}).finally(() => waiting.close());
      return facts;
    },
    async write(key, {bytes, mimeType}) {
      const facts = {mimeType, sizeBytes: bytes.byteLength};
      await put(pathOf('kept', key), {key, facts, content: [bytes]});
    },
    head: headOf,
    async readStart(key, bytesMax) {
      const file = await openThere(key);
      try {
        const first = await file.chunks.next();
        return first.done === true ? new Uint8Array() : first.value.subarray(0, bytesMax);
      } finally {
        await file.chunks.return();
        await file.close();
      }
    },
    async *read(key) {
      yield* (await openThere(key)).chunks;
    },
    async remove(place, key) {
      await rm(pathOf(place, key), {force: true});
    },
    list: (place, tenantId) => listFolder(join(folder, place), tenantId),
    disk: {
      async checkUrl(key, request) {
        return readGrant(await cipherOf(key.tenantId), key, {...request, now: now()});
      },
      upload: (key, facts, content) => put(pathOf('waiting', key), {key, facts, content}),
    },
  };
}

/** The new name survives a crash as well: the folder is synced after it. */
async function moveDurably(source: string, target: string): Promise<void> {
  await rename(source, target);
  const folder = await open(dirname(target), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Drafts that a crash left behind are removed here: they are no files, and nobody else sees them. */
async function* listFolder(folder: string, only: TenantId | undefined): AsyncGenerator<StoredFile> {
  for await (const tenantId of only === undefined ? namesIn(folder) : [only]) {
    if (!isUuid(tenantId)) continue;
    for await (const name of namesIn(join(folder, tenantId))) {
      const path = join(folder, tenantId, name);
      const facts = await stat(path).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (facts === undefined) continue;
      if (isUuid(name)) yield {key: {tenantId: tenantId as TenantId, id: name}, modifiedAt: facts.mtime};
      else if (Date.now() - facts.mtimeMs > DRAFT_MS_MAX) await rm(path, {force: true});
    }
  }
}

/** No upload takes as long as this. */
const DRAFT_MS_MAX = 24 * 60 * 60_000;

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
