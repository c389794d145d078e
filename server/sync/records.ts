// Records as a manager's screen reads them: lists of one entity, and one record. Both as JSON text around the payloads
// as they were stored.
import type {Entity, EntityName} from '#crdt/entities/entity.ts';
import {listFilters, listSorts} from '#crdt/entities/list-filters.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {PULL_BYTES_MAX} from '#crdt/protocol/limits.ts';
import type {RecordListQuery} from '#crdt/protocol/record-list.ts';
import {readHead} from '#db/feed.ts';
import {listRecords as listRows, type ListedRecord, type RecordList} from '#db/record-lists.ts';
import {withTenant} from '#db/transaction.ts';
import {canSee, isNarrowed} from './can-see.ts';
import {openRecord, payloadOf} from './feed.ts';
import {hideValues} from './fingerprints.ts';
import type {Member} from './members.ts';
import {listName, readRecordCursor, writeRecordCursor} from './record-cursor.ts';
import type {Service} from './service.ts';

export interface RecordText {
  readonly seq: number;
  /** JSON. */
  readonly text: string;
}

/** Deleted ones too. Throws SyncError `not_found`. */
export async function readRecord(
  {feed}: Pick<Service, 'feed'>,
  member: Member,
  key: {entity: EntityName; id: string},
): Promise<RecordText> {
  const item = canSee(member, key.entity) ? await feed.readOne(member, key) : undefined;
  if (item === undefined) throw new SyncError('not_found');
  return {seq: item.seq, text: payloadOf(item)};
}

/**
 * A page as JSON text. Records that nobody changes meanwhile are on exactly one page. Sorted by `updatedAt` so are all
 * that were there when the list was begun; sorted by another field, one whose value there is changed may move. A page
 * ends early past PULL_BYTES_MAX. Throws SyncError `forbidden`, `bad_cursor` or `resync`.
 */
export async function listRecords(
  {pool, tenantKeys, cursors}: Pick<Service, 'pool' | 'tenantKeys' | 'cursors'>,
  member: Member,
  {entity, query: said}: {entity: Entity; query: RecordListQuery},
): Promise<string> {
  if (!canSee(member, entity.name)) throw new SyncError('forbidden');
  const {tenantId} = member;
  const cipher = await tenantKeys.cipherOf(tenantId);
  const query = hideValues(cipher, entity, said);
  const {limit} = query;
  const sort = sortOf(entity, query.sort);
  const list = listName(entity.name, query);
  const place =
    query.cursor === undefined
      ? undefined
      : readRecordCursor(cursors, member, {text: query.cursor, list, sort: sort.sort});
  const {rows, asOf} = await withTenant(pool, tenantId, async (client) => {
    // Before the rows: what is committed in between counts as changed since.
    const begun = place?.asOf ?? (await readHead(client, tenantId));
    const asked = {
      entity,
      ...rowsAsked(entity, query),
      ...sort,
      seenBy: isNarrowed(member, entity.name) ? member.userId : undefined,
      asOf: begun,
      after: place,
      limit: limit + 1,
    };
    return {rows: await listRows(client, tenantId, asked), asOf: begun};
  });
  const page = takePage(rows.slice(0, limit), (row) => payloadOf(openRecord(cipher, row)));
  const hasMore = page.texts.length < rows.length;
  const {last} = page;
  const nextCursor =
    hasMore && last !== undefined
      ? JSON.stringify(
          writeRecordCursor(cursors, member, {list, place: {asOf, key: last.sortKey, id: last.id}}),
        )
      : 'null';
  return `{"items":[${page.texts.join(',')}],"nextCursor":${nextCursor},"hasMore":${hasMore}}`;
}

function sortOf(entity: Entity, name: string): Pick<RecordList, 'sort' | 'isDescending'> {
  const isDescending = name.startsWith('-');
  const sort = listSorts(entity).get(isDescending ? name.slice(1) : name);
  if (sort === undefined)
    throw new SyncError('bad_request', {details: {fields: {sort: 'is not known here'}}});
  return {sort, isDescending};
}

function rowsAsked(
  entity: Entity,
  {filters, q, deleted, updatedSince}: RecordListQuery,
): Pick<RecordList, 'filters' | 'search' | 'deleted' | 'updatedSince'> {
  return {
    deleted,
    updatedSince,
    search: q,
    filters: listFilters(entity).flatMap((filter) => {
      const value = filters.get(filter.param);
      return value === undefined ? [] : [{filter, value}];
    }),
  };
}

/** At least one record, however large. */
function takePage(
  rows: readonly ListedRecord[],
  textOf: (row: ListedRecord) => string,
): {texts: readonly string[]; last: ListedRecord | undefined} {
  const texts: string[] = [];
  let last: ListedRecord | undefined;
  let bytes = 0;
  for (const row of rows) {
    const text = textOf(row);
    texts.push(text);
    last = row;
    bytes += text.length;
    if (bytes > PULL_BYTES_MAX) break;
  }
  return {texts, last};
}
