// Where the next page of a list of records begins: the list it belongs to, the position it was begun at, and the last
// record shown.
import {createHash} from 'node:crypto';
import {normalizeInstant, isCalendarDate} from '#crdt/entities/calendar.ts';
import type {ListSort} from '#crdt/entities/list-filters.ts';
import {canonicalJson, isStorableString} from '#crdt/json.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid} from '#crdt/protocol/ids.ts';
import type {RecordListQuery} from '#crdt/protocol/record-list.ts';
import type {Cursors} from './cursor.ts';
import type {Member} from './members.ts';

export interface RecordListPlace {
  readonly asOf: number;
  /** What the last record was sorted by, as text. */
  readonly key: string | null;
  readonly id: string;
}

/** A list that differs in anything but its page size is another list. */
export function listName(entity: string, {sort, deleted, updatedSince, q, filters}: RecordListQuery): string {
  const text = canonicalJson([entity, sort, deleted, updatedSince ?? null, q ?? null, [...filters]]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

const SEPARATOR = '~';

export function writeRecordCursor(
  cursors: Cursors,
  member: Member,
  {list, place}: {list: string; place: RecordListPlace},
): string {
  const {asOf, key, id} = place;
  const last = Buffer.from(JSON.stringify([list, key, id])).toString('base64url');
  return cursors.write(member, asOf) + SEPARATOR + last;
}

/** Throws SyncError `bad_cursor` for what is no cursor or one of another list, `resync` as the feed's cursors do. */
export function readRecordCursor(
  cursors: Cursors,
  member: Member,
  {text, list, sort}: {text: string; list: string; sort: ListSort},
): RecordListPlace {
  const [position = '', last = ''] = text.split(SEPARATOR, 2);
  const asOf = cursors.read(member, position);
  const [name, key, id] = parseTuple(last);
  if (name !== list || !isUuid(id)) throw new SyncError('bad_cursor');
  if (key === null ? sort.kind === 'log' : !isKeyOf(sort, key)) throw new SyncError('bad_cursor');
  return {asOf, key: key as string | null, id};
}

function parseTuple(text: string): unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/** Whether the database can read it: a cursor may be anybody's invention. */
function isKeyOf(sort: ListSort, key: unknown): boolean {
  if (typeof key !== 'string') return false;
  const type = sort.kind === 'log' ? 'bigint' : sort.kind === 'span' ? 'text' : sort.sql;
  switch (type) {
    case 'text':
      return isStorableString(key);
    case 'integer':
      return /^-?\d{1,10}$/.test(key) && Math.abs(Number(key)) < 2 ** 31;
    case 'bigint':
      return /^-?\d{1,16}$/.test(key);
    case 'timestamptz':
      return normalizeInstant(key) === key;
    case 'date':
      return isCalendarDate(key);
  }
}
