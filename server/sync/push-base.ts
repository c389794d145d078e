// What the author of a pushed JSON change had seen: what the change says, or else what the device's pulls show.
import type {Base} from '#crdt/change.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {PushError} from '#crdt/protocol/push.ts';
import type {DevicePull} from '#db/device-pulls.ts';
import type {Cursors} from './cursor.ts';
import type {Member} from './members.ts';
import type {JsonPush} from './push-change.ts';

export type ReadBase =
  {readonly ok: true; readonly base: Base} | {readonly ok: false; readonly error: PushError};

/**
 * pulls: of the device, latest first. eff: the change's effective stamp, ms. A change that names a base for some
 * fields had seen of the others what the pulls show.
 */
export function readBase(
  cursors: Cursors,
  member: Member,
  {change, pulls, eff}: {change: JsonPush; pulls: readonly DevicePull[]; eff: number},
): ReadBase {
  const {base} = change;
  try {
    if (typeof base === 'string')
      return {ok: true, base: {kind: 'cursor', seq: positionOf(cursors, member, base)}};
    const fallback = pulls.find(({at}) => at.getTime() < eff)?.since ?? 0;
    if (base === null || base === undefined) return {ok: true, base: {kind: 'cursor', seq: fallback}};
    const seqs = Object.fromEntries(
      Object.entries(base).map(([field, text]) => [field, positionOf(cursors, member, text)]),
    );
    return {ok: true, base: {kind: 'by-field', seqs, fallback}};
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const message = 'must be a `nextCursor` of this server';
    return {ok: false, error: {code: error.code, message: `base: ${message}`, fields: {base: message}}};
  }
}

/**
 * A cursor of an earlier role still says what its holder saw. One of a history that was given up in a restore
 * says nothing any more: then nothing counts as seen, and at worst a conflict too many is logged.
 */
function positionOf(cursors: Cursors, member: Member, text: string): number {
  try {
    return cursors.read(member, text);
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'resync') throw error;
    return cursors.peek(member.tenantId, text) ?? 0;
  }
}
