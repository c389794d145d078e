// JSON over HTTP as a device speaks it: one connection kept open, one request at a time.
import type {CaughtUp} from './peer.ts';

export interface JsonRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface JsonAnswer {
  readonly json: unknown;
  readonly bytes: number;
}

async function request(
  method: 'GET' | 'POST',
  url: string,
  {headers, body}: JsonRequest,
): Promise<JsonAnswer> {
  const response = await fetch(url, {
    method,
    headers: {...headers, ...(body === undefined ? {} : {'content-type': 'application/json'})},
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`${method} ${new URL(url).pathname} answered ${response.status}: ${text}`);
  return {json: JSON.parse(text) as unknown, bytes: text.length};
}

/** Throws on any status but 2xx. */
export const getJson = (url: string, options: JsonRequest = {}): Promise<JsonAnswer> =>
  request('GET', url, options);
export const postJson = (url: string, options: JsonRequest): Promise<JsonAnswer> =>
  request('POST', url, options);

/** One batch after the other, as one device pushes. */
export async function inBatches<T>(
  items: readonly T[],
  size: number,
  send: (batch: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < items.length; index += size) await send(items.slice(index, index + size));
}

interface Page {
  readonly changes: readonly Record<string, unknown>[];
  readonly nextCursor: string;
  readonly hasMore: boolean;
}

/** Reads pages until the last and keeps every change by the id that `keyOf` finds in it. */
export async function readPages(
  readPage: (cursor: string | undefined) => Promise<JsonAnswer>,
  keyOf: (change: Record<string, unknown>) => string,
): Promise<CaughtUp> {
  const kept = new Map<string, Record<string, unknown>>();
  let total = 0;
  let cursor: string | undefined;
  for (let more = true; more;) {
    const {json, bytes} = await readPage(cursor);
    const page = json as Page;
    for (const change of page.changes) kept.set(keyOf(change), change);
    total += bytes;
    cursor = page.nextCursor;
    more = page.hasMore;
  }
  return {records: kept.size, bytes: total};
}
