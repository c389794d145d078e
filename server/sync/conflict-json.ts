// A stored conflict as managers see it.
import type {ConflictSide, OverwriteEntry} from '#crdt/change.ts';
import {SERVER_DEVICE} from '#crdt/deletion.ts';
import {isoText} from '#crdt/protocol/moments.ts';
import type {Conflict} from '#crdt/protocol/conflicts.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {conflictPlace, type ConflictRow} from '#db/conflicts.ts';

const utf8 = new TextDecoder();

export const openEntries = (cipher: TenantCipher, {id, fields}: ConflictRow): readonly OverwriteEntry[] =>
  JSON.parse(utf8.decode(cipher.open(fields, conflictPlace(id, 'fields')))) as OverwriteEntry[];

export function conflictJson(cipher: TenantCipher, row: ConflictRow): Conflict {
  const {id, note, resolvedAt, resolvedBy, resolutionSeq} = row;
  return {
    id,
    seq: row.seq,
    entity: row.entity,
    entityId: row.recordId,
    fields: openEntries(cipher, row).map(({field, base, winner, loser}) => ({
      field,
      ...(base === undefined ? {} : {base}),
      winner: sideJson(winner),
      loser: sideJson(loser),
    })),
    summary: row.summary,
    status: row.status,
    createdAt: row.createdAt.toISOString(),
    ...(resolvedAt === null ? {} : {resolvedAt: resolvedAt.toISOString()}),
    ...(resolvedBy === null ? {} : {resolvedBy}),
    ...(note === null ? {} : {note: utf8.decode(cipher.open(note, conflictPlace(id, 'note')))}),
    ...(resolutionSeq === null ? {} : {resolutionSeq}),
  };
}

const sideJson = ({field, value, device, user, at, eff, writeId}: ConflictSide) => ({
  field,
  value,
  deviceId: device === SERVER_DEVICE ? null : device,
  userId: user,
  at: isoText(at),
  effectiveAt: isoText(eff),
  writeId,
});
