// Serves the signed URLs of the disk store. They are opaque to callers and no part of the described interface; with S3
// there is none of this.
import type {Context} from 'hono';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid, tenantId} from '#crdt/protocol/ids.ts';
import type {DiskStore} from '../files/disk-store.ts';
import {dispositionOf, type FileKey} from '../files/file-store.ts';
import type {OpenedStore} from '../files/open-store.ts';
import type {RestEnv, RouteDeps} from './route.ts';

const FILE_PATH = '/v1/files/:tenantId/:id';

export function mountFiles(deps: RouteDeps): void {
  const {app, service} = deps;
  const serve =
    (answer: (files: DiskStore, context: Context<RestEnv>) => Promise<Response>) =>
    (context: Context<RestEnv>): Promise<Response> => {
      const {files} = service;
      if (!isOnDisk(files)) throw new SyncError('not_found');
      return guarded(deps, context, () => answer(files, context));
    };
  app.on('PUT', FILE_PATH, serve(upload));
  app.on('GET', FILE_PATH, serve(download));
}

const isOnDisk = (files: OpenedStore): files is DiskStore => files.disk !== undefined;

/** Addresses that often come with URLs that were not signed here are held off. */
async function guarded(
  {failures}: RouteDeps,
  context: Context<RestEnv>,
  serve: () => Promise<Response>,
): Promise<Response> {
  const {address} = context.env;
  const retryAfterMs = failures.retryAfterMs(address);
  if (retryAfterMs > 0) throw new SyncError('rate_limited', {details: {retryAfterMs}});
  try {
    return await serve();
  } catch (error) {
    if (error instanceof SyncError && error.code === 'file_url_refused') failures.record(address);
    throw error;
  }
}

async function checked({disk}: DiskStore, context: Context<RestEnv>, method: 'PUT' | 'GET') {
  const key = keyOf(context);
  const query = new URL(context.req.url).searchParams;
  try {
    return {key, grant: await disk.checkUrl(key, {method, query})};
  } catch (error) {
    // A tenant that does not exist has no key to sign with: to the caller that is the same.
    if (error instanceof SyncError && error.code === 'internal') throw new SyncError('file_url_refused');
    throw error;
  }
}

function keyOf(context: Context<RestEnv>): FileKey {
  const tenant = tenantId.safeParse(context.req.param('tenantId'));
  const id = context.req.param('id') ?? '';
  if (!tenant.success || !isUuid(id)) throw new SyncError('file_url_refused');
  return {tenantId: tenant.data, id};
}

async function upload(files: DiskStore, context: Context<RestEnv>): Promise<Response> {
  const {key, grant} = await checked(files, context, 'PUT');
  const {mimeType, sizeBytes} = grant;
  const length = context.req.header('content-length');
  if (
    context.req.header('content-type') !== mimeType ||
    (length !== undefined && length !== String(sizeBytes))
  )
    throw new SyncError('file_url_refused');
  const {body} = context.req.raw;
  const content = (body ?? []) as unknown as AsyncIterable<Uint8Array>;
  // Shorter or longer than signed for, whatever its head said.
  const isWhole = await files.disk.upload(key, {mimeType, sizeBytes}, content).catch((error: unknown) => {
    // The sender went away.
    throw new SyncError('bad_request', {cause: error});
  });
  if (!isWhole) throw new SyncError('file_url_refused');
  return new Response(null, {status: 200});
}

async function download(files: DiskStore, context: Context<RestEnv>): Promise<Response> {
  const {key, grant} = await checked(files, context, 'GET');
  const facts = await files.head(key);
  if (facts === undefined) throw new SyncError('not_found');
  // Opened only once somebody reads it: the answer to a HEAD never is.
  return new Response(ReadableStream.from<Uint8Array>(files.read(key)), {
    headers: {
      'content-type': grant.mimeType,
      'content-length': String(facts.sizeBytes),
      'content-disposition': dispositionOf(grant.fileName),
      'content-security-policy': "default-src 'none'; sandbox",
      // The URL itself is the leave to read: pages of the app show what it names.
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'private, no-store',
    },
  });
}
