// Pages of lists in the order in which their items were made. A cursor of such a list names its last item.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid} from '#crdt/protocol/ids.ts';

/** An item's place: `id` tells those apart that were made in the same millisecond. */
export interface ListPlace {
  readonly createdAt: Date;
  readonly id: string;
}

/** Whoever reads `limit` + 1 rows knows whether there are more. */
export interface ListPage<Item> {
  readonly items: Item[];
  /** Null for a list that is empty from its start. */
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

const pattern = /^p1\.([0-9a-z]{1,11})\.([0-9a-f-]{36})$/;

/** Null if absent: the start. Throws SyncError `bad_cursor`. */
export function readPlace(cursor: string | undefined): ListPlace | null {
  if (cursor === undefined || cursor === '') return null;
  const [, time = '', id = ''] = pattern.exec(cursor) ?? [];
  const createdAt = new Date(parseInt(time, 36));
  if (Number.isNaN(createdAt.getTime()) || !isUuid(id)) throw new SyncError('bad_cursor');
  return {createdAt, id};
}

const writePlace = ({createdAt, id}: ListPlace): string => `p1.${createdAt.getTime().toString(36)}.${id}`;

/** rows: up to `limit` + 1, in order, read after the place that `cursor` names. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  {
    limit,
    cursor,
    placeOf,
    toItem,
  }: {
    limit: number;
    cursor: string | undefined;
    placeOf: (row: Row) => ListPlace;
    toItem: (row: Row) => Item;
  },
): ListPage<Item> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(toItem),
    nextCursor: last === undefined ? (cursor ?? null) : writePlace(placeOf(last)),
    hasMore: rows.length > limit,
  };
}
