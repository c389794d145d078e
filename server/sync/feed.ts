// Pages of a tenant's feed, opened. Catch-up over the socket and pull over REST read the same pages.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {splitRecord} from '#crdt/record-codec.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {positionBefore, readFeed, readHead} from '#db/feed.ts';
import {bodyPlace, readRecord, type StoredRecord} from '#db/records.ts';
import {withTenant} from '#db/transaction.ts';
import type {Member} from './members.ts';

/** One record as committed. */
export interface FeedItem {
  readonly entity: EntityName;
  readonly id: string;
  readonly seq: number;
  readonly generation: number;
  readonly deleted: boolean;
  readonly updatedAt: Date;
  /** JSON text of the fields; see payloadOf. */
  readonly payload: Uint8Array;
  /** Yjs V1 state. */
  readonly state: Uint8Array;
}

export interface FeedPage {
  readonly items: readonly FeedItem[];
  /** Where the next page begins: everything up to here was in this page or before it. */
  readonly to: number;
  readonly hasMore: boolean;
}

export interface Feed {
  /** Records of the member's scope changed after a position, in order. */
  readPage(member: Member, options: {after: number; limit: number}): Promise<FeedPage>;
  /** One record of the member's scope; undefined if there is none for them. */
  readOne(member: Member, key: {entity: EntityName; id: string}): Promise<FeedItem | undefined>;
  /** The position of the tenant's latest commit. */
  readHead(tenantId: TenantId): Promise<number>;
  /** The position before the first change at or after a moment. */
  positionBefore(tenantId: TenantId, moment: Date): Promise<number>;
}

export interface FeedDeps {
  readonly pool: pg.Pool;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
}

export function createFeed({pool, cipherOf}: FeedDeps): Feed {
  return {
    async readPage({tenantId}, {after, limit}) {
      const cipher = await cipherOf(tenantId);
      const page = await withTenant(pool, tenantId, (client) => readFeed(client, tenantId, {after, limit}));
      const last = page.records.at(-1)?.seq ?? after;
      const hasMore = page.records.length === limit;
      return {
        items: page.records.map((record) => openRecord(cipher, record)),
        to: hasMore ? last : Math.max(last, page.head, after),
        hasMore,
      };
    },
    async readOne({tenantId}, key) {
      const cipher = await cipherOf(tenantId);
      const record = await withTenant(pool, tenantId, (client) => readRecord(client, tenantId, key));
      return record === undefined ? undefined : openRecord(cipher, record);
    },
    readHead: (tenantId) => withTenant(pool, tenantId, (client) => readHead(client, tenantId)),
    positionBefore: (tenantId, moment) =>
      withTenant(pool, tenantId, (client) => positionBefore(client, tenantId, moment)),
  };
}

/** What a stored record says. */
export function openRecord(cipher: TenantCipher, record: StoredRecord & {readonly body: Buffer}): FeedItem {
  const {entity, id, seq, generation, deleted, updatedAt, version, body} = record;
  const {payload, state} = splitRecord(cipher.open(body, bodyPlace({entity, id}, version)));
  return {entity, id, seq, generation, deleted, updatedAt, payload, state};
}

const text = new TextDecoder();

/**
 * The record as JSON text, without parsing what was stored: id, seq and updatedAt are known only after the
 * rest was sealed, so they are put in front of it here.
 */
export function payloadOf({id, seq, updatedAt, payload}: FeedItem): string {
  return `{"id":"${id}","seq":${seq},"updatedAt":"${updatedAt.toISOString()}",${text.decode(payload).slice(1)}`;
}
