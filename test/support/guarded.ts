// A document as the server holds it, and what the guard says to updates for it.
import * as Y from 'yjs';
import type {Admitted} from '#crdt/admitted.ts';
import type {Entity} from '#crdt/entities/entity.ts';
import {guard} from '#crdt/guard.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {newDocument} from '#crdt/roots.ts';
import {parseUpdate} from '#crdt/update-reader.ts';

export interface Guarded {
  readonly doc: Y.Doc;
  /** `admitted`, `need`, or the code of a refusal. */
  verdict(bytes: Uint8Array): string;
  /** Throws what is not admitted. */
  admit(bytes: Uint8Array): Admitted;
}

/** held: updates that the server has taken before, as they are. own: the client ids of who sends. */
export function guarded(entity: Entity, own: ReadonlySet<number>, ...held: readonly Uint8Array[]): Guarded {
  const doc = newDocument(entity, SERVER_CLIENT_ID_MIN + 1);
  for (const update of held) Y.applyUpdate(doc, update);
  const ask = (bytes: Uint8Array) => {
    const parsed = parseUpdate(bytes);
    if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`);
    return guard({entity, doc}, parsed.update, own);
  };
  return {
    doc,
    verdict(bytes) {
      const result = ask(bytes);
      return result.kind === 'refused' ? result.code : result.kind;
    },
    admit(bytes) {
      const result = ask(bytes);
      if (result.kind !== 'admitted') throw new Error(`The guard says ${result.kind}.`);
      return result.admitted;
    },
  };
}
