// Where a list begins: a cursor that this server gave, or an instant.
import {normalizeInstant} from '#crdt/entities/calendar.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {Cursors} from './cursor.ts';
import type {Feed} from './feed.ts';
import type {Member} from './members.ts';

/**
 * The position after which the list begins; 0 if `since` is absent. An instant is inclusive. Throws `bad_cursor`,
 * or `resync` for a cursor of another tenant, role or epoch.
 */
export async function readSince(
  {cursors, feed}: {cursors: Cursors; feed: Pick<Feed, 'positionBefore'>},
  member: Member,
  since: string | undefined,
): Promise<number> {
  if (since === undefined || since === '') return 0;
  // In a query string a plus that is not escaped arrives as a space.
  const instant = normalizeInstant(since.replace(' ', '+'));
  if (instant !== undefined) return feed.positionBefore(member.tenantId, new Date(instant));
  if (!since.startsWith('c')) throw new SyncError('bad_cursor');
  return cursors.read(member, since);
}
