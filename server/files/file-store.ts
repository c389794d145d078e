// Where files lie: what every store of attachments can do. disk-store.ts and s3-store.ts implement it, and both pass one
// suite. A device uploads to a waiting place; only the server copies a file from there to a place of its own, which no URL
// can write, and looks at it there. So what was checked is what is kept.
import type {TenantId} from '#crdt/protocol/ids.ts';

/**
 * Names a file: what waits by its attachment, what is kept by an id that the server makes up each time. Both are UUIDs, so
 * that no part of a path ever comes from outside.
 */
export interface FileKey {
  readonly tenantId: TenantId;
  readonly id: string;
}

/** What an upload must be, exactly. */
export interface UploadTerms {
  readonly mimeType: string;
  readonly sizeBytes: number;
}

/** A URL that lets in whoever has it, until it expires. The headers must be sent with it as they are. */
export interface SignedUrl {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: Date;
}

export type FileFacts = UploadTerms;

/** Uploaded and not yet looked at; or what attachments name. */
export type Place = 'waiting' | 'kept';

export interface StoredFile {
  readonly key: FileKey;
  readonly modifiedAt: Date;
}

export interface FileStore {
  /** origin: of this server as the caller reached it, for stores that are served by it. */
  signUpload(key: FileKey, options: UploadTerms & {origin: string}): Promise<SignedUrl>;
  /** fileName: what browsers save it as. */
  signDownload(
    key: FileKey,
    options: {mimeType: string; fileName: string; origin: string},
  ): Promise<SignedUrl>;
  /**
   * Keeps a copy of what waits, under an id that nothing was kept under before, and says what it is. Undefined: nothing
   * waits.
   */
  accept(key: FileKey, keptId: string): Promise<FileFacts | undefined>;
  /** Keeps a file that the server made. */
  write(key: FileKey, file: {bytes: Uint8Array; mimeType: string}): Promise<void>;
  /** Of a kept file; undefined if there is none. */
  head(key: FileKey): Promise<FileFacts | undefined>;
  /** Its first bytes, at most as many as asked for. Throws SyncError `not_found`. */
  readStart(key: FileKey, bytesMax: number): Promise<Uint8Array>;
  /** All of it, in chunks. Throws SyncError `not_found` at the first. */
  read(key: FileKey): AsyncIterable<Uint8Array>;
  /** Removes a file; nothing there is fine. */
  remove(place: Place, key: FileKey): Promise<void>;
  /** All files, those of one tenant together; or one tenant's alone. */
  list(place: Place, tenantId?: TenantId): AsyncIterable<StoredFile>;
}

/** Milliseconds a signed URL is good for. */
export const UPLOAD_URL_MS = 10 * 60_000;
export const DOWNLOAD_URL_MS = 5 * 60_000;

/** As an attachment's `key` field says it. */
export const nameOfKey = ({tenantId, id}: FileKey): string => `${tenantId}/${id}`;

/** Read back. Of the tenant only, whatever the record says. */
export const keyOfName = (tenantId: TenantId, name: string): FileKey => ({
  tenantId,
  id: name.split('/').at(-1) ?? '',
});

/**
 * For Content-Disposition (RFC 6266): a name for old readers without anything but plain letters, and the real one
 * escaped.
 */
export function dispositionOf(fileName: string): string {
  const base = fileName.split(/[\\/]/).at(-1) ?? '';
  const safe =
    Array.from(base.replace(/^[.\s]+/, '').replace(/\p{Cs}|\p{Cc}/gu, '_'))
      .slice(0, 150)
      .join('') || 'file';
  const plain = safe.replace(/[^A-Za-z0-9._ -]/gu, '_');
  const escaped = encodeURIComponent(safe).replace(
    /['()*!]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (plain === safe) return `attachment; filename="${plain}"`;
  return `attachment; filename="${plain}"; filename*=UTF-8''${escaped}`;
}
