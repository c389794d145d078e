// Pages of the feed as `changes` frames, bounded by records and bytes.
import {encodeFrame} from '#crdt/protocol/frame.ts';
import {CATCH_UP_BYTES_MAX, CATCH_UP_RECORDS_MAX} from '#crdt/protocol/limits.ts';
import type {FeedItem, FeedPage} from '../sync/feed.ts';
import {FIRST_PAGE_RECORDS} from './live-limits.ts';

type Page = Pick<FeedPage, 'items' | 'removed' | 'to'>;

/** Of the pages that some connection still reads. */
const encodedPages = new WeakMap<Page, {readonly from: number; readonly frames: readonly Uint8Array[]}>();

/**
 * The frames of one page that was read after `from`, in order; together they lead to the page's end. None if
 * the page leads nowhere. What left the scope comes first and leads nowhere by itself: a receiver that is
 * interrupted is told again. A page that several connections were given is encoded once: nobody may write to the bytes.
 */
export function pageFrames(from: number, page: Page): readonly Uint8Array[] {
  const known = encodedPages.get(page);
  if (known?.from === from) return known.frames;
  const frames = [...encodePage(from, page)];
  encodedPages.set(page, {from, frames});
  return frames;
}

function* encodePage(from: number, {items, removed, to}: Page): Generator<Uint8Array> {
  let start = from;
  if (removed.length > 0) {
    const records = removed.map(({entity, id}) => ({entity, id}));
    yield encodeFrame({kind: 'removed', from, to: items.length === 0 ? to : from, records});
    if (items.length === 0) return;
  }
  for (const run of runsOf(items)) {
    const end = run.end === items.length ? to : (items[run.end - 1]?.place ?? to);
    yield frameOf(items.slice(run.start, run.end), {from: start, to: end});
    start = end;
  }
  if (items.length === 0 && to > from) yield frameOf([], {from, to});
}

function* runsOf(items: readonly FeedItem[]): Generator<{start: number; end: number}> {
  let start = 0;
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    if (index > start && bytes + item.state.length > CATCH_UP_BYTES_MAX) {
      yield {start, end: index};
      start = index;
      bytes = 0;
    }
    bytes += item.state.length;
  }
  if (start < items.length) yield {start, end: items.length};
}

const frameOf = (items: readonly FeedItem[], {from, to}: {from: number; to: number}): Uint8Array =>
  encodeFrame({
    kind: 'changes',
    from,
    to,
    records: items.map(({entity, id, seq, generation, state}) => ({
      entity,
      id,
      seq,
      generation,
      content: 'state',
      updates: [state],
    })),
  });

/** How many records to read next, so that a page of records like the last ones fills a frame or two. */
export function nextPageSize(page?: Pick<FeedPage, 'items'>): number {
  if (page === undefined || page.items.length === 0) return FIRST_PAGE_RECORDS;
  const bytes = page.items.reduce((sum, {state}) => sum + state.length, 0);
  const fitting = Math.floor((CATCH_UP_BYTES_MAX * page.items.length) / Math.max(1, bytes));
  return Math.min(CATCH_UP_RECORDS_MAX, Math.max(1, fitting));
}
