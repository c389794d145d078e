// The REST API as a stranger would use it: fetch, a token, JSON. Shares no code with the server.
import {claim} from './claims.ts';

export interface Api {
  get<T>(path: string): Promise<T>;
  getBytes(path: string): Promise<Buffer>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** The same caller, in a tenant and on a device. */
  within(place: {tenant: string; device: string}): Api;
}

/** Every answer must be 2xx. */
export function createApi(url: string, token: string, headers: Readonly<Record<string, string>> = {}): Api {
  const ask = async (method: string, path: string, body?: unknown): Promise<Buffer> => {
    const answer = await fetch(url + path, {
      method,
      headers: {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers},
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    claim(`${method} ${path} answers 2xx`, answer.ok, {status: answer.status, text: bytes.toString()});
    return bytes;
  };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    JSON.parse((await ask(method, path, body)).toString()) as T;
  return {
    get: (path) => call('GET', path),
    getBytes: (path) => ask('GET', path),
    post: (path, body) => call('POST', path, body),
    within: ({tenant, device}) => createApi(url, token, {'X-Tenant-Id': tenant, 'X-Device-Id': device}),
  };
}

export interface PulledChange {
  readonly op: 'upsert' | 'delete';
  readonly entity: string;
  readonly entityId: string;
  readonly payload: unknown;
}

export interface Pulled {
  readonly changes: readonly PulledChange[];
  readonly nextCursor: string;
}

export interface PushedResult {
  readonly status: 'applied' | 'unchanged' | 'rejected';
  readonly seq?: number;
  readonly conflicts?: readonly {readonly id: string; readonly fields: readonly string[]}[];
  readonly error?: {readonly code: string; readonly message: string};
}

/** One change; it must not be rejected. */
export async function pushOne(
  api: Api,
  deviceId: string,
  {change, clientId}: {change: Readonly<Record<string, unknown>>; clientId?: number},
): Promise<PushedResult> {
  const body = {
    deviceId,
    deviceTime: new Date().toISOString(),
    ...(clientId === undefined ? {} : {clientId}),
  };
  const {results} = await api.post<{results: PushedResult[]}>('/v1/sync/push', {...body, changes: [change]});
  const [result] = results;
  claim('a push answers one result per change', result !== undefined && results.length === 1, results);
  claim('the push is accepted', result.status !== 'rejected', result.error);
  return result;
}
