// A request to a provider, and whether it may have arrived where no answer came.
import {SEND_TIMEOUT_MS} from './channel.ts';

export type ProviderAnswer =
  | {readonly kind: 'answer'; readonly status: number; readonly body: unknown}
  /** isBefore: no connection came about, so it certainly did not arrive. */
  | {readonly kind: 'silence'; readonly isBefore: boolean};

const BEFORE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Never rejects. The body is parsed JSON, or null where it is none. */
export async function askProvider(
  url: string,
  init: RequestInit,
  timeoutMs = SEND_TIMEOUT_MS,
): Promise<ProviderAnswer> {
  try {
    const response = await fetch(url, {...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs)});
    const text = await response.text();
    return {kind: 'answer', status: response.status, body: parse(text)};
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as {code?: string} | undefined) : undefined;
    return {kind: 'silence', isBefore: BEFORE.has(cause?.code ?? '')};
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
