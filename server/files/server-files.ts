// Files that the server makes and reads itself, such as the PDF of an invoice.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {FileStore} from './file-store.ts';

/** Over a file of the same id. Durable when it resolves; its attachment record is the caller's to write. */
export async function saveFile(
  store: FileStore,
  {tenantId, id, bytes, mimeType}: {tenantId: TenantId; id: string; bytes: Uint8Array; mimeType: string},
): Promise<void> {
  await store.write({tenantId, id}, {bytes, mimeType});
}

/** The whole file. Throws SyncError `not_found`; `body_too_large` if it is longer than `bytesMax`. */
export async function readFile(
  store: FileStore,
  {tenantId, id, bytesMax}: {tenantId: TenantId; id: string; bytesMax: number},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of store.read({tenantId, id})) {
    size += chunk.byteLength;
    if (size > bytesMax) throw new SyncError('body_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
