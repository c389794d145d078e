// Pages of a tenant's feed, opened. Catch-up over the socket and pull over REST read the same pages.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {positionBefore, readFeed, readHead, readScopedFeed} from '#db/feed.ts';
import {readRecord, readScopedRecord, type StoredRecord} from '#db/records.ts';
import {readAtOnce} from '#db/transaction.ts';
import {canSee, isNarrowed} from './can-see.ts';
import {gather} from './gather.ts';
import type {Member} from './members.ts';
import {openBody} from './open-record.ts';

/** One record as committed. */
export interface FeedItem {
  readonly entity: EntityName;
  readonly id: string;
  readonly seq: number;
  readonly generation: number;
  readonly deleted: boolean;
  readonly updatedAt: Date;
  /** In the reader's feed: `seq`, or where the record came into their scope if that was later. */
  readonly place: number;
  /** JSON text of the fields; see payloadOf. */
  readonly payload: Uint8Array;
  /** Yjs V1 state. */
  readonly state: Uint8Array;
}

/** A record that left its reader's scope. */
export interface RemovedItem {
  readonly entity: EntityName;
  readonly id: string;
  readonly place: number;
  readonly updatedAt: Date;
}

export interface FeedPage {
  readonly items: readonly FeedItem[];
  /** By place, as the items; none of them is among the items. */
  readonly removed: readonly RemovedItem[];
  /** Where the next page begins: everything up to here was in this page or before it. */
  readonly to: number;
  readonly hasMore: boolean;
}

export type FeedReader = Pick<Member, 'tenantId' | 'userId' | 'role'>;

export interface Feed {
  /** What changed in the member's scope, came into it or left it after a position, in order. Throws `resync` past the end. */
  readPage(member: FeedReader, options: {after: number; limit: number}): Promise<FeedPage>;
  /** All that changed in the tenant, for those who tell each member their part. */
  readAll(tenantId: TenantId, options: {after: number; limit: number}): Promise<FeedPage>;
  /** One record of the member's scope; undefined if there is none for them. */
  readOne(member: FeedReader, key: {entity: EntityName; id: string}): Promise<FeedItem | undefined>;
  /** The position of the tenant's latest commit. */
  readHead(tenantId: TenantId): Promise<number>;
  /** The position before the first change at or after a moment. */
  positionBefore(tenantId: TenantId, moment: Date): Promise<number>;
}

export interface FeedDeps {
  readonly pool: pg.Pool;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
}

interface PageQuestion {
  readonly reader: FeedReader;
  readonly after: number;
  readonly limit: number;
}

export function createFeed({pool, cipherOf}: FeedDeps): Feed {
  const readAll: Feed['readAll'] = async (tenantId, {after, limit}) => {
    const cipher = await cipherOf(tenantId);
    const page = await readAtOnce(pool, tenantId, (client) => readFeed(client, tenantId, {after, limit}));
    const items = page.records.map((record) => openRecord(cipher, record));
    return {items, removed: [], ...pageEnd(items, {after, limit, head: page.head})};
  };
  const readPage: Feed['readPage'] = async ({tenantId, userId, role}, {after, limit}) => {
    if (role === 'manager') return readAll(tenantId, {after, limit});
    const cipher = await cipherOf(tenantId);
    const {entries, head} = await readAtOnce(pool, tenantId, (client) =>
      readScopedFeed(client, tenantId, {userId, after, limit}),
    );
    const items: FeedItem[] = [];
    const removed: RemovedItem[] = [];
    for (const entry of entries) {
      if (entry.body === null) removed.push(entry);
      else items.push({...openRecord(cipher, entry), place: entry.place});
    }
    return {items, removed, ...pageEnd(entries, {after, limit, head})};
  };
  /** Devices that return together mostly want the same page: it is read and opened once for all of them. */
  const readShared = gather({
    keyOf: ({reader: {tenantId, userId, role}, after, limit}: PageQuestion) =>
      `${tenantId} ${role === 'manager' ? '' : userId} ${after} ${limit}`,
    async askAll(questions) {
      const [first] = questions;
      if (first === undefined) return [];
      const page = await readPage(first.reader, first);
      return questions.map(() => page);
    },
    max: Infinity,
  });
  return {
    readAll,
    readPage: (reader, {after, limit}) => readShared({reader, after, limit}),
    async readOne(member, key) {
      if (!canSee(member, key.entity)) return undefined;
      const {tenantId, userId} = member;
      const cipher = await cipherOf(tenantId);
      const record = await readAtOnce(pool, tenantId, (client) =>
        isNarrowed(member, key.entity)
          ? readScopedRecord(client, tenantId, {...key, userId})
          : readRecord(client, tenantId, key),
      );
      return record === undefined ? undefined : openRecord(cipher, record);
    },
    readHead: (tenantId) => readAtOnce(pool, tenantId, (client) => readHead(client, tenantId)),
    positionBefore: (tenantId, moment) =>
      readAtOnce(pool, tenantId, (client) => positionBefore(client, tenantId, moment)),
  };
}

function pageEnd(
  entries: readonly {readonly place: number}[],
  {after, limit, head}: {after: number; limit: number; head: number},
): Pick<FeedPage, 'to' | 'hasMore'> {
  // Whoever was told of more than there is holds a place of a history that was given up. From here on nothing would come
  // until the tenant has got that far again, and what came meanwhile would never be told.
  if (after > head) throw new SyncError('resync');
  const last = entries.at(-1)?.place ?? after;
  const hasMore = entries.length === limit;
  return {to: hasMore ? last : Math.max(last, head), hasMore};
}

/** What a stored record says. */
export function openRecord(cipher: TenantCipher, record: StoredRecord & {readonly body: Buffer}): FeedItem {
  const {entity, id, seq, generation, deleted, updatedAt} = record;
  return {entity, id, seq, generation, deleted, updatedAt, place: seq, ...openBody(cipher, record)};
}

const text = new TextDecoder();

/**
 * The record as JSON text, without parsing what was stored: id, seq and updatedAt are known only after the
 * rest was sealed, so they are put in front of it here.
 */
export function payloadOf({id, seq, updatedAt, payload}: FeedItem): string {
  return `{"id":"${id}","seq":${seq},"updatedAt":"${updatedAt.toISOString()}",${text.decode(payload).slice(1)}`;
}
