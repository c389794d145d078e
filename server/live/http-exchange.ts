// What both transports share of plain HTTP: a request out of its parts, and the answers that are given
// without or instead of the app. Bodies are in http-body.ts.

import {STATUS_CODES} from 'node:http';
import {type ErrorCode, errorCodes} from '#crdt/protocol/error-code.ts';
import type {HeaderPair} from '../answer-headers.ts';

/** Methods that `Request` cannot carry. */
const UNSUPPORTED_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** An answer made here. */
export interface Problem {
  readonly status: number;
  readonly contentType: 'application/problem+json';
  readonly body: string;
}

/** RFC 9457, from the error catalogue. */
export function problemOf(code: ErrorCode): Problem {
  const {status, cause, cure} = errorCodes[code];
  const body = JSON.stringify({type: 'about:blank', title: cause, status, code, detail: cure});
  return {status, contentType: 'application/problem+json', body};
}

/** `404 Not Found`; a status without a name of its own gets none. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** An IPv4 peer of a dual-stack listener as plain IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** A request before it is one. `target` is the raw path with its query. */
export interface RequestParts {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ReadableStream<Uint8Array> | undefined;
}

/** The request, or the code to refuse it with: a method, host, target or header that HTTP does not allow. */
export function makeRequest(parts: RequestParts): Request | ErrorCode {
  if (UNSUPPORTED_METHODS.has(parts.method.toUpperCase())) return 'method_not_allowed';
  if (!parts.target.startsWith('/')) return 'bad_request';
  try {
    return new Request(`http://${parts.host ?? 'localhost'}${parts.target}`, {
      method: parts.method,
      headers: parts.headers.map(([name, value]): [string, string] => [name, value]),
      ...(parts.body === undefined ? {} : {body: parts.body, duplex: 'half'}),
    });
  } catch {
    return 'bad_request';
  }
}

/** The app's answer; what it throws becomes `internal`, never a stack trace. */
export async function askApp(ask: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await ask();
  } catch {
    const {status, contentType, body} = problemOf('internal');
    return new Response(body, {status, headers: {'content-type': contentType}});
  }
}

/** `headers`, and those of `added` whose names are not among them. All names in lower case. */
export function withAnswerHeaders(
  headers: readonly HeaderPair[],
  added: readonly HeaderPair[],
): readonly HeaderPair[] {
  const names = new Set(headers.map(([name]) => name));
  return [...headers, ...added.filter(([name]) => !names.has(name))];
}
