// How a page of the feed becomes frames.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {decodeServerFrame} from '#crdt/protocol/frame.ts';
import {CATCH_UP_BYTES_MAX, CATCH_UP_RECORDS_MAX} from '#crdt/protocol/limits.ts';
import type {FeedItem} from '../sync/feed.ts';
import {nextPageSize, pageFrames} from './catch-up.ts';
import {FIRST_PAGE_RECORDS} from './live-limits.ts';

const itemsOf = (...sizes: number[]): FeedItem[] =>
  sizes.map((bytes, index) => ({
    entity: 'tasks',
    id: randomUUID(),
    seq: 10 + index,
    generation: 0,
    deleted: false,
    updatedAt: new Date(),
    place: 10 + index,
    payload: new Uint8Array(),
    state: new Uint8Array(bytes),
  }));

const linksOf = (from: number, page: {items: FeedItem[]; to: number}): number[][] =>
  [...pageFrames(from, {removed: [], ...page})].map((bytes) => {
    const decoded = decodeServerFrame(bytes);
    return decoded.ok && decoded.frame.kind === 'changes'
      ? [decoded.frame.from, decoded.frame.to, decoded.frame.records.length]
      : [];
  });

test('small records go in one frame that ends where the page ends', () => {
  expect(linksOf(3, {items: itemsOf(10, 10, 10), to: 40})).toEqual([[3, 40, 3]]);
});

test('frames are bounded by bytes and link', () => {
  const half = CATCH_UP_BYTES_MAX / 2;
  expect(linksOf(3, {items: itemsOf(half, half, 1, half), to: 40})).toEqual([
    [3, 11, 2],
    [11, 40, 2],
  ]);
});

test('a record above the bound goes alone', () => {
  expect(linksOf(0, {items: itemsOf(1, CATCH_UP_BYTES_MAX + 1, 1), to: 12})).toEqual([
    [0, 10, 1],
    [10, 11, 1],
    [11, 12, 1],
  ]);
});

test('a page without records moves the position, and one that leads nowhere sends nothing', () => {
  expect(linksOf(3, {items: [], to: 7})).toEqual([[3, 7, 0]]);
  expect(linksOf(7, {items: [], to: 7})).toEqual([]);
});

test.each([
  {page: undefined, size: FIRST_PAGE_RECORDS},
  {page: {items: []}, size: FIRST_PAGE_RECORDS},
  {page: {items: itemsOf(1, 1)}, size: CATCH_UP_RECORDS_MAX},
  {page: {items: itemsOf(CATCH_UP_BYTES_MAX * 2)}, size: 1},
  {page: {items: itemsOf(CATCH_UP_BYTES_MAX / 4)}, size: 4},
])('the next page follows the size of records seen: $size', ({page, size}) => {
  expect(nextPageSize(page)).toBe(size);
});
