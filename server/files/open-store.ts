// Which store keeps the files: S3 where it is configured, else the disk. start.ts opens it.
import {join} from 'node:path';
import type {Config} from '../config.ts';
import {createDiskStore, type DiskFiles, type DiskStoreDeps} from './disk-store.ts';
import type {FileStore} from './file-store.ts';
import {createS3Store, openS3Client} from './s3-store.ts';

/** `disk`: set where this server serves the files itself. */
export type OpenedStore = FileStore & {readonly disk?: DiskFiles; readonly close?: () => void};

export function openFileStore(
  {s3, dataDir}: Pick<Config, 's3' | 'dataDir'>,
  {cipherOf, now}: Omit<DiskStoreDeps, 'folder'>,
): OpenedStore {
  if (s3 !== undefined) return createS3Store({client: openS3Client(s3), bucket: s3.bucket, now});
  return createDiskStore({folder: join(dataDir, 'files'), cipherOf, now});
}
