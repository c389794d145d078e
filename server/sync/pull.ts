// A page of the feed for a device that asks for it. What the device says it holds is remembered: it tells what
// a later change without a base had seen.
import {PULL_BYTES_MAX, PULLS_REMEMBERED_MAX} from '#crdt/protocol/limits.ts';
import type {PullQuery} from '#crdt/protocol/pull.ts';
import {recordPull} from '#db/device-pulls.ts';
import {withTenant} from '#db/transaction.ts';
import {payloadOf, type FeedItem, type FeedPage} from './feed.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';
import {readSince} from './since.ts';

type PullDeps = Pick<Service, 'pool' | 'feed' | 'cursors' | 'now'>;

/** Records read at once, so that a page of large ones does not fill the memory before its bound is seen. */
const CHUNK = 250;

/**
 * The answer as JSON text: stored payloads are put into it as they are. A page ends early past PULL_BYTES_MAX.
 * Throws SyncError `bad_cursor` or `resync`.
 */
export async function pull(deps: PullDeps, member: Member, query: PullQuery): Promise<string> {
  const {pool, cursors, now} = deps;
  const {tenantId, deviceId} = member;
  const at = new Date(now());
  const since = await readSince(deps, member, query.since);
  const [page] = await Promise.all([
    readPage(deps, member, {since, query}),
    withTenant(pool, tenantId, (client) =>
      recordPull(client, tenantId, {deviceId, at, since, keep: PULLS_REMEMBERED_MAX}),
    ),
  ]);
  const nextCursor = cursors.write(member, page.to);
  return `{"serverTime":"${new Date(now()).toISOString()}","changes":[${page.changes.join(',')}],"nextCursor":"${nextCursor}","hasMore":${page.hasMore}}`;
}

interface TextPage extends Omit<FeedPage, 'items'> {
  readonly changes: readonly string[];
}

async function readPage(
  {feed}: PullDeps,
  member: Member,
  {since, query}: {since: number; query: PullQuery},
): Promise<TextPage> {
  const changes: string[] = [];
  let bytes = 0;
  for (let after = since; ;) {
    const limit = Math.min(CHUNK, query.limit - changes.length);
    const page = await feed.readPage(member, {after, limit});
    for (const [index, item] of page.items.entries()) {
      const change = changeText(item, query.encoding);
      changes.push(change);
      bytes += change.length;
      const isLast = index === page.items.length - 1;
      if (bytes > PULL_BYTES_MAX && !isLast) return {changes, to: item.seq, hasMore: true};
    }
    const {to, hasMore} = page;
    if (!hasMore || changes.length >= query.limit || bytes > PULL_BYTES_MAX) return {changes, to, hasMore};
    after = to;
  }
}

function changeText(item: FeedItem, encoding: PullQuery['encoding']): string {
  const {entity, id, deleted, updatedAt} = item;
  const head = `"entity":"${entity}","entityId":"${id}","updatedAt":"${updatedAt.toISOString()}"`;
  const payload = encoding === 'yjs' ? documentText(item) : deleted ? 'null' : payloadOf(item);
  return deleted
    ? `{"op":"delete",${head},"payload":${payload},"reason":"deleted"}`
    : `{"op":"upsert",${head},"payload":${payload}}`;
}

/** Of deleted records too: a document goes on, and may be restored. */
const documentText = ({state, generation}: FeedItem): string =>
  `{"update":"${Buffer.from(state.buffer, state.byteOffset, state.byteLength).toString('base64')}","generation":${generation}}`;
