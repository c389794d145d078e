// The file store on S3 or Cloudflare R2. Devices talk to the bucket with presigned URLs; the server asks it what arrived.
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import {getSignedUrl} from '@aws-sdk/s3-request-presigner';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid, type TenantId} from '#crdt/protocol/ids.ts';
import type {S3Config} from '../config.ts';
import {
  dispositionOf,
  DOWNLOAD_URL_MS,
  nameOfKey,
  UPLOAD_URL_MS,
  type FileKey,
  type FileStore,
  type Place,
  type StoredFile,
} from './file-store.ts';

const objectName = (place: Place, key: FileKey): string => `${place}/${nameOfKey(key)}`;

export type S3Store = FileStore & {readonly close: () => void};

/** Milliseconds for a connection to the bucket, and for an answer to begin; then it is tried again, and given up. */
const CONNECT_MS_MAX = 5_000;
const ANSWER_MS_MAX = 30_000;

/** Settings that R2 needs: without the two about checksums, presigned uploads carry that of an empty body. */
export function openS3Client({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
}: Omit<S3Config, 'bucket'>): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: {accessKeyId, secretAccessKey},
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: ANSWER_MS_MAX,
      throwOnRequestTimeout: true,
    },
  });
}

export function createS3Store({
  client,
  bucket: Bucket,
  now,
}: {
  client: S3Client;
  bucket: string;
  now: () => number;
}): S3Store {
  sayWhenAway(client);
  const waiting = (key: FileKey) => ({Bucket, Key: objectName('waiting', key)});
  const kept = (key: FileKey) => ({Bucket, Key: objectName('kept', key)});
  const headOf: FileStore['head'] = async (key) => {
    const found = await orMissing(client.send(new HeadObjectCommand(kept(key))));
    return found && {sizeBytes: found.ContentLength ?? 0, mimeType: found.ContentType ?? ''};
  };
  const open = async (key: FileKey, range?: string): Promise<AsyncIterable<Uint8Array>> => {
    const found = await orMissing(
      client.send(new GetObjectCommand({...kept(key), ...(range === undefined ? {} : {Range: range})})),
    );
    if (found?.Body === undefined) throw new SyncError('not_found');
    return orAway(found.Body as unknown as AsyncIterable<Uint8Array>);
  };

  return {
    async signUpload(key, {mimeType, sizeBytes}) {
      const command = new PutObjectCommand({
        ...waiting(key),
        ContentType: mimeType,
        ContentLength: sizeBytes,
      });
      const signedAt = new Date(now());
      const url = await getSignedUrl(client, command, {
        expiresIn: UPLOAD_URL_MS / 1000,
        signingDate: signedAt,
        // Else neither type nor length would be bound.
        signableHeaders: new Set(['host', 'content-type', 'content-length']),
      });
      return {
        url,
        headers: {'content-type': mimeType, 'content-length': String(sizeBytes)},
        expiresAt: new Date(signedAt.getTime() + UPLOAD_URL_MS),
      };
    },
    async signDownload(key, {mimeType, fileName}) {
      const command = new GetObjectCommand({
        ...kept(key),
        ResponseContentType: mimeType,
        ResponseContentDisposition: dispositionOf(fileName),
      });
      const signedAt = new Date(now());
      const url = await getSignedUrl(client, command, {
        expiresIn: DOWNLOAD_URL_MS / 1000,
        signingDate: signedAt,
      });
      return {url, headers: {}, expiresAt: new Date(signedAt.getTime() + DOWNLOAD_URL_MS)};
    },
    async accept(key, keptId) {
      const copy = {...key, id: keptId};
      const CopySource = `${Bucket}/${objectName('waiting', key)}`;
      const copied = await orMissing(client.send(new CopyObjectCommand({...kept(copy), CopySource})));
      return copied === undefined ? undefined : headOf(copy);
    },
    async write(key, {bytes, mimeType}) {
      await client.send(new PutObjectCommand({...kept(key), Body: bytes, ContentType: mimeType}));
    },
    head: headOf,
    async readStart(key, bytesMax) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await open(key, `bytes=0-${bytesMax - 1}`)) chunks.push(chunk);
      return Buffer.concat(chunks).subarray(0, bytesMax);
    },
    async *read(key) {
      yield* await open(key);
    },
    async remove(place, key) {
      await client.send(new DeleteObjectCommand({Bucket, Key: objectName(place, key)}));
    },
    list: (place, tenantId) =>
      listObjects(client, {
        bucket: Bucket,
        prefix: tenantId === undefined ? `${place}/` : `${place}/${tenantId}/`,
      }),
    close: () => client.destroy(),
  };
}

async function* listObjects(
  client: S3Client,
  {bucket, prefix}: {bucket: string; prefix: string},
): AsyncGenerator<StoredFile> {
  const pages = paginateListObjectsV2({client}, {Bucket: bucket, Prefix: prefix});
  for await (const page of pages) {
    for (const {Key = '', LastModified} of page.Contents ?? []) {
      const [, tenantId = '', id = '', more] = Key.split('/');
      if (!isUuid(tenantId) || !isUuid(id) || more !== undefined || LastModified === undefined) continue;
      yield {key: {tenantId: tenantId as TenantId, id}, modifiedAt: LastModified};
    }
  }
}

/** Undefined where the bucket has no such object. */
async function orMissing<Found>(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;

/** A bucket that cannot be asked, or refuses this server, is no fault of the caller's: trying again helps. */
const away = (cause: unknown): SyncError =>
  new SyncError('not_ready', {cause, message: 'The file store does not answer.'});

function sayWhenAway({middlewareStack}: S3Client): void {
  middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isMissing(error) ? error : away(error);
      }
    },
    {step: 'initialize', priority: 'high'},
  );
}

async function* orAway(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw away(error);
  }
}
