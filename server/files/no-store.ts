// Stands where a service was given no file store: everything asked of it is `not_ready`.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {FileStore} from './file-store.ts';

const refuse = (): Promise<never> => Promise.reject(new SyncError('not_ready'));
const refuseEach = (): AsyncIterable<never> => ({[Symbol.asyncIterator]: () => ({next: refuse})});

export const noStore: FileStore = {
  signUpload: refuse,
  signDownload: refuse,
  accept: refuse,
  write: refuse,
  head: refuse,
  readStart: refuse,
  read: refuseEach,
  remove: refuse,
  list: refuseEach,
};
