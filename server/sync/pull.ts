// A page of the feed for a device that asks for it. What the device says it holds is remembered: it tells what
// a later change without a base had seen.
import {PULL_BYTES_MAX, PULLS_REMEMBERED_MAX} from '#crdt/protocol/limits.ts';
import type {PullQuery} from '#crdt/protocol/pull.ts';
import {recordPull} from '#db/device-pulls.ts';
import {withTenant} from '#db/transaction.ts';
import {payloadOf, type FeedItem, type FeedPage, type RemovedItem} from './feed.ts';
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

interface TextPage extends Omit<FeedPage, 'items' | 'removed'> {
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
    const entries = inOrder(page);
    for (const [index, entry] of entries.entries()) {
      const change = 'payload' in entry ? changeText(entry, query.encoding) : removedText(entry);
      changes.push(change);
      bytes += change.length;
      const isLast = index === entries.length - 1;
      if (bytes > PULL_BYTES_MAX && !isLast) return {changes, to: entry.place, hasMore: true};
    }
    const {to, hasMore} = page;
    if (!hasMore || changes.length >= query.limit || bytes > PULL_BYTES_MAX) return {changes, to, hasMore};
    after = to;
  }
}

const inOrder = ({items, removed}: FeedPage): (FeedItem | RemovedItem)[] =>
  removed.length === 0 ? [...items] : [...items, ...removed].sort((a, b) => a.place - b.place);

const headText = ({entity, id, updatedAt}: FeedItem | RemovedItem): string =>
  `"entity":"${entity}","entityId":"${id}","updatedAt":"${updatedAt.toISOString()}"`;

const removedText = (item: RemovedItem): string =>
  `{"op":"delete",${headText(item)},"payload":null,"reason":"access"}`;

function changeText(item: FeedItem, encoding: PullQuery['encoding']): string {
  const {deleted} = item;
  const head = headText(item);
  const payload = encoding === 'yjs' ? documentText(item) : deleted ? 'null' : payloadOf(item);
  return deleted
    ? `{"op":"delete",${head},"payload":${payload},"reason":"deleted"}`
    : `{"op":"upsert",${head},"payload":${payload}}`;
}

/** Of deleted records too: a document goes on, and may be restored. */
const documentText = ({state, generation}: FeedItem): string =>
  `{"update":"${Buffer.from(state.buffer, state.byteOffset, state.byteLength).toString('base64')}","generation":${generation}}`;
