// A change that was refused because of its author's scope, as it is kept for a manager: sealed, with all that is
// needed to decide it again as that author's.
import {randomUUID} from 'node:crypto';
import type {Base, JsonChange, UpdateChange} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {RecordState} from '#crdt/record.ts';
import {surroundingsOf, type Surroundings} from '#crdt/surroundings.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {QuarantineWrite} from '#db/group-notes.ts';
import {quarantinePlace} from '#db/quarantine.ts';
import {recordName} from '#db/records.ts';
import type {Decided} from './decide-group.ts';
import type {Submission} from './submission.ts';

/** A kept change and when it came. */
export interface KeptChange {
  readonly change: JsonChange | UpdateChange;
  /** Of an update: what it was made beside. */
  readonly surroundings: Surroundings | null;
  /** Server clock when it arrived, and server clock minus device clock, ms. */
  readonly now: number;
  readonly offset: number;
}

type Serialized = {readonly now: number; readonly offset: number} & (
  | {
      readonly kind: 'json';
      readonly op: 'upsert' | 'delete';
      readonly changeId: string;
      readonly at: number;
      readonly base: Base;
      readonly payload: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'update';
      readonly generation: number;
      /** Base64. */
      readonly update: string;
      readonly ownClients: readonly number[];
      readonly surroundings: Surroundings;
    }
);

const utf8 = {encode: new TextEncoder(), decode: new TextDecoder('utf-8', {fatal: true})};

/** Null unless it was refused for scope: other refusals tell their author what to put right. */
export function quarantineWrite(
  cipher: TenantCipher,
  submission: Submission,
  {decided, record}: {decided: Decided | undefined; record: RecordState | undefined},
): QuarantineWrite | null {
  if (decided?.outcome.kind !== 'done' || decided.outcome.error?.code !== 'out_of_scope') return null;
  if (record === undefined) return null;
  const {change, userId, deviceId, now} = submission;
  const serialized = serialize(submission, record);
  if (serialized === null) return null;
  const id = randomUUID();
  return {
    quarantineId: id,
    entity: change.entity,
    id: change.id,
    userId,
    deviceId,
    fingerprint: cipher.fingerprint(
      {table: 'quarantined_changes', column: 'fingerprint'},
      nameOf(submission),
    ),
    change: cipher.seal(utf8.encode.encode(JSON.stringify(serialized)), quarantinePlace(id)),
    arrivedAt: new Date(now).toISOString(),
  };
}

/** The record with it: the same bytes may have been made in several documents. */
function nameOf({change, changeId}: Submission): string {
  const record = recordName(change);
  if (changeId !== null || change.kind !== 'update') return `${record}/${changeId ?? ''}`;
  return `${record}/${change.generation}/${Buffer.from(change.update.bytes).toString('base64')}`;
}

function serialize({change, now, offset}: Submission, record: RecordState): Serialized | null {
  switch (change.kind) {
    case 'json': {
      const {op, changeId, at, base, payload} = change;
      return {kind: 'json', now, offset, op, changeId, at, base, payload};
    }
    case 'update': {
      const {generation, update, ownClients} = change;
      const bytes = Buffer.from(update.bytes).toString('base64');
      const writers = update.sections.map(({client}) => client).filter((client) => ownClients.has(client));
      const surroundings = surroundingsOf(record, change);
      return {kind: 'update', now, offset, generation, update: bytes, ownClients: writers, surroundings};
    }
    // Managers' and the server's own.
    case 'restore':
    case 'server':
    case 'values':
      return null;
  }
}

/** Opens what `quarantineWrites` sealed under `quarantineId`. */
export function openKept(
  cipher: TenantCipher,
  kept: {quarantineId: string; entity: EntityName; id: string; change: Uint8Array},
): KeptChange {
  const {entity, id} = kept;
  const text = utf8.decode.decode(cipher.open(kept.change, quarantinePlace(kept.quarantineId)));
  const read = JSON.parse(text) as Serialized;
  const {now, offset} = read;
  if (read.kind === 'json') {
    const {op, changeId, at, base, payload} = read;
    return {
      now,
      offset,
      surroundings: null,
      change: {kind: 'json', op, entity, id, changeId, at, base, payload},
    };
  }
  const parsed = parseUpdate(Buffer.from(read.update, 'base64'));
  if (!parsed.ok) throw new Error('A kept update no longer parses.');
  const {generation, ownClients, surroundings} = read;
  return {
    now,
    offset,
    surroundings,
    change: {kind: 'update', entity, id, generation, update: parsed.update, ownClients: new Set(ownClients)},
  };
}
