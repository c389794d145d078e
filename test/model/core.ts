// The code under test as a value, so that the same histories can run against a changed copy of it.
import {pathToFileURL} from 'node:url';
import type * as applyChange from '#crdt/apply-change.ts';
import type * as compact from '#crdt/compact.ts';
import type * as flatten from '#crdt/flatten.ts';
import type * as limits from '#crdt/protocol/limits.ts';
import type * as record from '#crdt/record.ts';
import type * as registry from '#crdt/entities/registry.ts';
import type * as recordCodec from '#crdt/record-codec.ts';
import type * as updateReader from '#crdt/update-reader.ts';
import type * as write from '#crdt/write.ts';

export type Core = Pick<typeof applyChange, 'applyChange'> &
  Pick<typeof compact, 'compactRecord'> &
  Pick<typeof flatten, 'flattenDocument'> &
  Pick<typeof limits, 'SERVER_CLIENT_ID_MIN'> &
  Pick<typeof record, 'deletedAtOf' | 'emptyRecord' | 'fieldsOf' | 'settleSeqs'> &
  Pick<typeof registry, 'entities'> &
  Pick<typeof recordCodec, 'encodeRecord' | 'decodeRecord'> &
  Pick<typeof updateReader, 'parseUpdate'> &
  Pick<typeof write, 'PENDING_SEQ'>;

/** Loads the core from a `crdt` folder: the repository's own, or a copy. */
export async function loadCore(folder: string): Promise<Core> {
  const load = async (file: string): Promise<object> =>
    (await import(pathToFileURL(`${folder}/${file}`).href)) as object;
  const modules = await Promise.all(
    [
      'apply-change.ts',
      'compact.ts',
      'flatten.ts',
      'protocol/limits.ts',
      'record.ts',
      'entities/registry.ts',
      'record-codec.ts',
      'update-reader.ts',
      'write.ts',
    ].map(load),
  );
  return Object.assign({}, ...modules) as Core;
}
