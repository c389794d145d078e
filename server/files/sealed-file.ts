// One file on disk as sealed chunks. The head says type, length and a random name of this writing, to which every chunk
// is bound with its number: chunks cannot be cut off, swapped, or taken from another file. Used by disk-store.ts.
import {randomUUID} from 'node:crypto';
import {open, type FileHandle} from 'node:fs/promises';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {SealPlace, TenantCipher} from '#db/cipher.ts';
import {SEALED_OVERHEAD} from '#db/cipher.ts';
import type {FileFacts} from './file-store.ts';

export const CHUNK_BYTES = 64 * 1024;
const HEAD_BYTES_MAX = 4 * 1024;
const LENGTH_BYTES = 4;

interface Head extends FileFacts {
  readonly writing: string;
}

const headPlace = (id: string): SealPlace => ({table: 'files', column: 'head', record: id, version: 0});
const chunkPlace = (id: string, writing: string, version: number): SealPlace => ({
  table: 'files',
  column: 'chunk',
  record: `${id}/${writing}`,
  version,
});

/**
 * Writes and syncs a file that must be of exactly `facts.sizeBytes`; false if the content is not, or breaks off: then
 * the file is worthless and its writer removes it.
 */
export async function writeSealed(
  path: string,
  {
    cipher,
    id,
    facts,
    content,
  }: {
    cipher: TenantCipher;
    id: string;
    facts: FileFacts;
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  },
): Promise<boolean> {
  const file = await open(path, 'wx', 0o600);
  try {
    const {sizeBytes, mimeType} = facts;
    const writing = randomUUID();
    const head = cipher.seal(Buffer.from(JSON.stringify({sizeBytes, mimeType, writing})), headPlace(id));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(head.byteLength);
    await file.write(Buffer.concat([length, head]));
    let written = 0;
    let number = 0;
    for await (const chunk of chunksOf(content, sizeBytes)) {
      await file.write(cipher.seal(chunk, chunkPlace(id, writing, number)));
      written += chunk.byteLength;
      number += 1;
      if (written > sizeBytes) return false;
    }
    if (written !== sizeBytes) return false;
    await file.sync();
    return true;
  } finally {
    await file.close();
  }
}

/** The content in chunks of one size but for the last. Stops reading once it is longer than `bytesMax`. */
async function* chunksOf(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  let total = 0;
  for await (const part of content) {
    total += part.byteLength;
    if (total > bytesMax) {
      yield new Uint8Array(bytesMax + 1);
      return;
    }
    waiting.push(part);
    size += part.byteLength;
    if (size < CHUNK_BYTES) continue;
    let joined = Buffer.concat(waiting, size);
    while (joined.byteLength >= CHUNK_BYTES) {
      yield joined.subarray(0, CHUNK_BYTES);
      joined = joined.subarray(CHUNK_BYTES);
    }
    waiting = [joined];
    size = joined.byteLength;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}

export interface SealedFile {
  readonly facts: FileFacts;
  /** In order, each opened when it is asked for; closes the file at its end, or when it is left. */
  readonly chunks: AsyncGenerator<Uint8Array, void>;
  close(): Promise<void>;
}

/** Undefined if there is no such file. Throws SyncError `internal` if it was altered, here or while it is read. */
export async function openSealed(
  path: string,
  {cipher, id}: {cipher: TenantCipher; id: string},
): Promise<SealedFile | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const {head, end} = await readHead(file, {cipher, id});
    const {sizeBytes, mimeType} = head;
    return {
      facts: {sizeBytes, mimeType},
      chunks: readChunks(file, {cipher, id, head, start: end}),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readHead(
  file: FileHandle,
  {cipher, id}: {cipher: TenantCipher; id: string},
): Promise<{head: Head; end: number}> {
  const length = (await readExactly(file, {at: 0, length: LENGTH_BYTES})).readUInt32BE();
  if (length > HEAD_BYTES_MAX) throw broken();
  const sealed = await readExactly(file, {at: LENGTH_BYTES, length});
  const head = JSON.parse(Buffer.from(cipher.open(sealed, headPlace(id))).toString()) as Head;
  return {head, end: LENGTH_BYTES + length};
}

async function* readChunks(
  file: FileHandle,
  {cipher, id, head, start}: {cipher: TenantCipher; id: string; head: Head; start: number},
): AsyncGenerator<Uint8Array, void> {
  try {
    let at = start;
    let left = head.sizeBytes;
    for (let number = 0; left > 0; number += 1) {
      const length = Math.min(left, CHUNK_BYTES) + SEALED_OVERHEAD;
      const sealed = await readExactly(file, {at, length});
      yield cipher.open(sealed, chunkPlace(id, head.writing, number));
      at += length;
      left -= length - SEALED_OVERHEAD;
    }
  } finally {
    await file.close();
  }
}

async function readExactly(file: FileHandle, {at, length}: {at: number; length: number}): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const {bytesRead} = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw broken();
    done += bytesRead;
  }
  return bytes;
}

const broken = () => new SyncError('internal', {message: 'A stored file was cut short.'});
