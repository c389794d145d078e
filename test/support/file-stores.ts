// Both file stores, for suites that hold for either: the disk store as the world has it, and S3 against a server that
// verifies signatures.
import {mkdtemp} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {inject} from 'vitest';
import {createS3Store, openS3Client} from '#server/files/s3-store.ts';
import type {ServiceOptions} from '#server/sync/service.ts';

export interface S3Server {
  readonly openFiles: NonNullable<ServiceOptions['openFiles']>;
  readonly close: () => Promise<void>;
}

/** What is used here of a package that comes without types. */
type S3rver = new (options: {
  address: string;
  port: number;
  silent: boolean;
  directory: string;
  configureBuckets: readonly {name: string; configs: readonly string[]}[];
}) => {
  readonly middleware: ((context: S3Context, next: () => Promise<void>) => Promise<void>)[];
  run(): Promise<{port: number}>;
  close(): Promise<void>;
};

interface S3Context {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  status: number;
}

const S3rver = createRequire(import.meta.url)('@20minutes/s3rver') as S3rver;

const BUCKET = 'attachments';

/** Not public: the package itself verifies signatures, but lets in whoever has none. */
const refuseUnsigned: InstanceType<S3rver>['middleware'][number] = async (context, next) => {
  const {method, headers, query} = context;
  const isSigned = 'authorization' in headers || 'X-Amz-Signature' in query;
  if (isSigned || method === 'OPTIONS') await next();
  else context.status = 403;
};

/** A bucket of its own; cors: its policy, as XML. Call `close` in `afterAll`. */
export async function startS3Server({cors}: {cors?: string} = {}): Promise<S3Server> {
  const directory = await mkdtemp(join(inject('scratchFolder'), 's3-'));
  const address = '127.0.0.1';
  const server = new S3rver({
    address,
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{name: BUCKET, configs: cors === undefined ? [] : [cors]}],
  });
  server.middleware.unshift(refuseUnsigned);
  const {port} = await server.run();
  const client = openS3Client({
    endpoint: `http://${address}:${port}`,
    region: 'us-east-1',
    // The one account that the server knows.
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
  });
  // The client asks for `/bucket/`, which this server reads as `/bucket` and then finds its signature wrong.
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as {path: string};
      request.path = request.path.replace(/\/$/, '');
      return next(args);
    },
    {step: 'build'},
  );
  return {
    openFiles: ({now}) => createS3Store({client, bucket: BUCKET, now}),
    close: () => server.close(),
  };
}
