// Pages of a tenant's feed, opened. Catch-up over the socket and pull over REST read the same pages.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {positionBefore, readFeed, readHead, readScopedFeed, type ScopedEntry} from '#db/feed.ts';
import {readRecord, readScopedRecord, type StoredRecord} from '#db/records.ts';
import {readAtOnce, readTenantsAtOnce, type TenantStatement} from '#db/transaction.ts';
import {canSee, isNarrowed} from './can-see.ts';
import {gatherByTenant} from './gather-by-tenant.ts';
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
  readonly tenantId: TenantId;
  /** Whose scope is read; null for all that changed. */
  readonly userId: UserId | null;
  readonly after: number;
  readonly limit: number;
}

/** As stored, sealed. */
interface StoredPage {
  readonly entries: readonly ScopedEntry[];
  readonly head: number;
}

/** Records of a page that is still read together with those of other tenants. */
const SHARED_PAGE_MAX = 100;
/** Pages asked for together, counting each device. */
const SHARED_PAGES_MAX = 200;

const nameOf = ({tenantId, userId, after, limit}: PageQuestion): string =>
  `${tenantId} ${userId ?? ''} ${after} ${limit}`;

async function readStored(
  client: pg.ClientBase,
  {tenantId, userId, after, limit}: PageQuestion,
): Promise<StoredPage> {
  if (userId !== null) return readScopedFeed(client, tenantId, {userId, after, limit});
  const {records, head} = await readFeed(client, tenantId, {after, limit});
  return {entries: records.map((record) => ({...record, place: record.seq})), head};
}

export function createFeed({pool, cipherOf}: FeedDeps): Feed {
  const open = async (question: PageQuestion, {entries, head}: StoredPage): Promise<FeedPage> => {
    const cipher = await cipherOf(question.tenantId);
    const items: FeedItem[] = [];
    const removed: RemovedItem[] = [];
    for (const entry of entries) {
      if (entry.body === null) removed.push(entry);
      else items.push({...openRecord(cipher, entry), place: entry.place});
    }
    return {items, removed, ...pageEnd(entries, {...question, head})};
  };
  /** Devices that return together mostly want the same page: it is read and opened once for all of them. */
  const readShared = gatherByTenant({
    send: (asked: readonly TenantStatement<StoredPage>[]) => readTenantsAtOnce(pool, asked),
    keyOf: nameOf,
    // Nobody is to wait for another's large page.
    roundOf: (question) => (question.limit > SHARED_PAGE_MAX ? nameOf(question) : ''),
    ask: (client, [question]) => readStored(client, question),
    finish: async (answered, [question]) => open(question, await answered),
    max: SHARED_PAGES_MAX,
  });
  return {
    async readAll(tenantId, {after, limit}) {
      const question = {tenantId, userId: null, after, limit};
      return open(question, await readAtOnce(pool, tenantId, (client) => readStored(client, question)));
    },
    readPage: ({tenantId, userId, role}, {after, limit}) =>
      readShared({tenantId, userId: role === 'manager' ? null : userId, after, limit}),
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
