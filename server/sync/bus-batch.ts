// What a node has to tell the others and has not sent yet: per tenant only the latest, so that it stays small however
// much is committed meanwhile.
import {NODE_PENDING_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantNews} from './bus.ts';

export interface BusContent {
  /** When the oldest of it was published, ms since epoch. */
  readonly since: number;
  /** There was more than is kept: receivers look at everything. */
  readonly isOverflown: boolean;
  readonly news: readonly TenantNews[];
  readonly sessions: readonly string[];
}

export interface BusBatch {
  addNews(news: TenantNews, at: number): void;
  addSession(sessionId: string, at: number): void;
  isEmpty(): boolean;
  /** Tenants and sessions. */
  size(): number;
  take(): BusContent;
  /** What could not be sent is pending again, beside what came meanwhile. */
  putBack(content: BusContent): void;
}

export function createBusBatch(): BusBatch {
  const news = new Map<TenantId, TenantNews>();
  const sessions = new Set<string>();
  let since = Infinity;
  let isOverflown = false;
  const size = (): number => news.size + sessions.size;
  const addNews: BusBatch['addNews'] = (added, at) => {
    since = Math.min(since, at);
    const known = news.get(added.tenantId);
    if (known !== undefined) news.set(added.tenantId, merge(known, added));
    else if (size() < NODE_PENDING_MAX) news.set(added.tenantId, added);
    else isOverflown = true;
  };
  const addSession: BusBatch['addSession'] = (sessionId, at) => {
    since = Math.min(since, at);
    sessions.add(sessionId);
    if (size() <= NODE_PENDING_MAX) return;
    // Of tenants receivers can find out by themselves; of sessions they cannot. Past the bound the oldest goes.
    isOverflown = true;
    const [tenant] = news.keys();
    const [oldest] = sessions;
    if (tenant !== undefined) news.delete(tenant);
    else if (oldest !== undefined) sessions.delete(oldest);
  };
  return {
    addNews,
    addSession,
    isEmpty: () => size() === 0 && !isOverflown,
    size,
    take() {
      const content = {since, isOverflown, news: [...news.values()], sessions: [...sessions]};
      news.clear();
      sessions.clear();
      since = Infinity;
      isOverflown = false;
      return content;
    },
    putBack(content) {
      isOverflown ||= content.isOverflown;
      for (const sessionId of content.sessions) addSession(sessionId, content.since);
      for (const item of content.news) addNews(item, content.since);
    },
  };
}

const merge = (a: TenantNews, b: TenantNews): TenantNews => ({
  tenantId: a.tenantId,
  to: Math.max(a.to, b.to),
  accessVersion:
    a.accessVersion === null || b.accessVersion === null
      ? (a.accessVersion ?? b.accessVersion)
      : Math.max(a.accessVersion, b.accessVersion),
});
