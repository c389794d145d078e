// A change that was refused because of its author's scope, as it is kept for a manager: sealed, with all that is
// needed to decide it again as that author's.
import {randomUUID} from 'node:crypto';
import type {Base, Change} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {TenantCipher} from '#db/cipher.ts';
import type {QuarantineWrite} from '#db/group-notes.ts';
import type {Decided} from './decide-group.ts';
import type {Submission} from './submission.ts';

/** A kept change and when it came. */
export interface KeptChange {
  readonly change: Change;
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
    }
);

/** Where a kept change is sealed to. */
const place = (id: string) => ({table: 'quarantined_changes', column: 'change', record: id, version: 0});

const utf8 = {encode: new TextEncoder(), decode: new TextDecoder('utf-8', {fatal: true})};

/** Nothing unless it was refused for scope: other refusals tell their author what to put right. */
export function quarantineWrites(
  cipher: TenantCipher,
  submission: Submission,
  decided: Decided | undefined,
): QuarantineWrite[] {
  if (decided?.outcome.kind !== 'done' || decided.outcome.error?.code !== 'out_of_scope') return [];
  const {change, changeId, userId, deviceId, now} = submission;
  const serialized = serialize(submission);
  if (serialized === null) return [];
  const id = randomUUID();
  const same = changeId ?? (change.kind === 'update' ? change.update.bytes : id);
  return [
    {
      quarantineId: id,
      entity: change.entity,
      id: change.id,
      userId,
      deviceId,
      fingerprint: cipher.fingerprint({table: 'quarantined_changes', column: 'fingerprint'}, same),
      change: cipher.seal(utf8.encode.encode(JSON.stringify(serialized)), place(id)),
      arrivedAt: new Date(now).toISOString(),
    },
  ];
}

function serialize({change, now, offset}: Submission): Serialized | null {
  switch (change.kind) {
    case 'json': {
      const {op, changeId, at, base, payload} = change;
      return {kind: 'json', now, offset, op, changeId, at, base, payload};
    }
    case 'update': {
      const {generation, update, ownClients} = change;
      const bytes = Buffer.from(update.bytes).toString('base64');
      const writers = update.sections.map(({client}) => client).filter((client) => ownClients.has(client));
      return {kind: 'update', now, offset, generation, update: bytes, ownClients: writers};
    }
    // Managers' and the server's own.
    case 'restore':
    case 'server':
      return null;
  }
}

/** Opens what `quarantineWrites` sealed under `quarantineId`. */
export function openKept(
  cipher: TenantCipher,
  kept: {quarantineId: string; entity: EntityName; id: string; change: Uint8Array},
): KeptChange {
  const {entity, id} = kept;
  const text = utf8.decode.decode(cipher.open(kept.change, place(kept.quarantineId)));
  const read = JSON.parse(text) as Serialized;
  const {now, offset} = read;
  if (read.kind === 'json') {
    const {op, changeId, at, base, payload} = read;
    return {now, offset, change: {kind: 'json', op, entity, id, changeId, at, base, payload}};
  }
  const parsed = parseUpdate(Buffer.from(read.update, 'base64'));
  if (!parsed.ok) throw new Error('A kept update no longer parses.');
  const {generation, ownClients} = read;
  return {
    now,
    offset,
    change: {kind: 'update', entity, id, generation, update: parsed.update, ownClients: new Set(ownClients)},
  };
}
