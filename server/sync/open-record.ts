// A stored record, opened as what is to be done with it needs it.
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {decodeRecord, splitBody, type BodyParts} from '#crdt/record-codec.ts';
import type {RecordState} from '#crdt/record.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {bodyPlace, memoryPlace} from '#db/records.ts';

/** A row of `records`, or what of it was read. */
interface Stored {
  readonly entity: EntityName;
  readonly id: string;
  readonly version: number;
  readonly body: Uint8Array | null;
}

const NOTHING = new Uint8Array();

/** What devices are sent. Throws SyncError `internal` where it cannot be opened, as the other one does. */
export const openBody = (cipher: TenantCipher, {entity, id, version, body}: Stored): BodyParts =>
  splitBody(cipher.open(body ?? NOTHING, bodyPlace({entity, id}, version)));

/** The record itself, for who merges or reads what is remembered. clientId: of the server, for what it will write; 0 for who only reads. */
export function openWithMemory(
  cipher: TenantCipher,
  stored: Stored & {
    readonly seq: number;
    readonly generation: number;
    readonly memory: Uint8Array | null;
  },
  clientId = 0,
): {record: RecordState; body: BodyParts} {
  const {entity, id, version, seq, generation} = stored;
  const body = cipher.open(stored.body ?? NOTHING, bodyPlace({entity, id}, version));
  const memory = cipher.open(stored.memory ?? NOTHING, memoryPlace({entity, id}, version));
  const record = decodeRecord({body, memory}, {entity: entities[entity], id, seq, generation, clientId});
  return {record, body: splitBody(body)};
}
