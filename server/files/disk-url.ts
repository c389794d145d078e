// The disk store's own signed URLs. The signature is made with the tenant's key and covers everything that the URL
// allows: method, file, type, length or name, and until when. Nodes that share the database accept each other's.
import {timingSafeEqual} from 'node:crypto';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {FileKey} from './file-store.ts';

/** What a URL of the disk store allows. `expires`: ms since epoch. */
export interface Grant {
  readonly method: 'PUT' | 'GET';
  readonly mimeType: string;
  /** Of an upload; 0 for a download. */
  readonly sizeBytes: number;
  /** Of a download; empty for an upload. */
  readonly fileName: string;
  readonly expires: number;
}

export const filePath = ({tenantId, id}: FileKey): string => `/v1/files/${tenantId}/${id}`;

const signatureOf = (cipher: TenantCipher, key: FileKey, grant: Grant): Buffer => {
  const {method, mimeType, sizeBytes, fileName, expires} = grant;
  // JSON, so that no two grants read the same.
  const text = JSON.stringify([method, key.tenantId, key.id, mimeType, sizeBytes, fileName, expires]);
  return Buffer.from(cipher.fingerprint({table: 'files', column: 'url'}, text));
};

export function signGrant(cipher: TenantCipher, key: FileKey, grant: Grant): string {
  const query = new URLSearchParams({type: grant.mimeType});
  if (grant.method === 'PUT') query.set('size', String(grant.sizeBytes));
  else query.set('name', grant.fileName);
  query.set('expires', String(grant.expires));
  query.set('signature', signatureOf(cipher, key, grant).toString('base64url'));
  return `${filePath(key)}?${query.toString()}`;
}

/** What the URL allows. Throws SyncError `file_url_refused` if it was not signed here, or has expired. */
export function readGrant(
  cipher: TenantCipher,
  key: FileKey,
  {method, query, now}: {method: Grant['method']; query: URLSearchParams; now: number},
): Grant {
  const grant: Grant = {
    method,
    mimeType: query.get('type') ?? '',
    sizeBytes: method === 'PUT' ? Number(query.get('size')) : 0,
    fileName: method === 'GET' ? (query.get('name') ?? '') : '',
    expires: Number(query.get('expires')),
  };
  const given = Buffer.from(query.get('signature') ?? '', 'base64url');
  const wanted = signatureOf(cipher, key, grant);
  const isOurs = given.length === wanted.length && timingSafeEqual(given, wanted);
  if (!isOurs || !(grant.expires > now)) throw new SyncError('file_url_refused');
  return grant;
}
