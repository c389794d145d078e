// Both file stores, for suites that hold for either: the disk store as the world has it, and S3 against a server that
// verifies signatures.
import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import S3rver from '@20minutes/s3rver';
import {inject} from 'vitest';
import {createS3Store} from '#server/files/s3-store.ts';
import type {ServiceOptions} from '#server/sync/service.ts';

export interface S3Server {
  readonly openFiles: NonNullable<ServiceOptions['openFiles']>;
  readonly close: () => Promise<void>;
}

const BUCKET = 'attachments';

/** A bucket of its own. Call `close` in `afterAll`. */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(inject('scratchFolder'), 's3-'));
  const address = '127.0.0.1';
  const server = new S3rver({address, port: 0, silent: true, directory, configureBuckets: [{name: BUCKET}]});
  const {port} = await server.run();
  const config = {
    endpoint: `http://${address}:${port}`,
    bucket: BUCKET,
    region: 'us-east-1',
    // The one account that the server knows.
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
  };
  return {openFiles: ({now}) => createS3Store(config, {now}), close: () => server.close()};
}
