// Plain HTTP of the `ws` transport: node:http's message pair to Request and Response, and back.

import type {IncomingMessage, ServerResponse} from 'node:http';
import {bodyBound, BodyIntake, DISCARD_BYTES_MAX, DISCARD_MS_MAX, openResponseBody} from './http-body.ts';
import {askApp, makeRequest, plainAddress, type Problem, problemOf} from './http-exchange.ts';
import type {TransportOptions} from './socket.ts';

/** One request at node:http and where its answer goes. */
interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Whether the head announces a larger body than allowed. */
export function isBodyTooLarge(
  incoming: IncomingMessage,
  options: Pick<TransportOptions, 'bodyBytesMax' | 'largeBodies'>,
): boolean {
  return Number(incoming.headers['content-length'] ?? 0) > bodyBound(options, incoming.url ?? '');
}

/** Answers one request. Settles when the answer is written or the peer is gone; never rejects. */
export async function answerHttp(
  deps: Pick<TransportOptions, 'fetch' | 'bodyBytesMax' | 'largeBodies' | 'answerHeaders'>,
  exchange: Exchange,
): Promise<void> {
  const {incoming, outgoing} = exchange;
  // A peer may vanish at any moment; `close` follows and is where that is noticed.
  incoming.on('error', noteNothing);
  outgoing.on('error', noteNothing);
  // What the answer names itself replaces these.
  for (const [name, value] of deps.answerHeaders) outgoing.setHeader(name, value);
  if (isBodyTooLarge(incoming, deps)) {
    refuseLargeBody(exchange);
    return;
  }
  const intake = takesBody(incoming) ? openIntake(exchange, bodyBound(deps, incoming.url ?? '')) : undefined;
  const request = makeRequest({
    method: incoming.method ?? 'GET',
    target: incoming.url ?? '',
    host: incoming.headers.host,
    headers: pairsOf(incoming.rawHeaders),
    body: intake?.stream,
  });
  if (typeof request === 'string') {
    writeProblem(outgoing, problemOf(request));
    intake?.drop();
    return;
  }
  const address = plainAddress(incoming.socket.remoteAddress ?? '');
  const response = await askApp(() => deps.fetch(request, address));
  try {
    await writeResponse(exchange, response);
  } catch {
    // Too late for another answer: cutting the connection is how HTTP says that this one is not whole.
    outgoing.destroy();
  }
  intake?.drop();
}

function takesBody({method, headers}: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
}

function openIntake(exchange: Exchange, bytesMax: number): BodyIntake {
  const {incoming} = exchange;
  const intake = new BodyIntake({bytesMax, source: incoming});
  const onData = (chunk: Buffer): void => {
    if (intake.push(chunk)) return;
    incoming.off('data', onData);
    intake.fail('The body is larger than allowed.');
    refuseLargeBody(exchange);
  };
  incoming.on('data', onData);
  incoming.on('end', () => intake.end());
  incoming.on('close', () => {
    if (!incoming.complete) intake.fail('The peer went away.');
  });
  return intake;
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  return pairs;
}

function writeProblem(outgoing: ServerResponse, {status, contentType, body}: Problem): void {
  outgoing.writeHead(status, {'content-type': contentType, 'content-length': Buffer.byteLength(body)});
  outgoing.end(body);
}

/**
 * Answers 413 at once. The answer is ended only when the peer has stopped sending, or has sent more than
 * anyone would drop: closing earlier resets the connection, and the peer never sees the answer.
 */
function refuseLargeBody({incoming, outgoing}: Exchange): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const {status, contentType, body} = problemOf('body_too_large');
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, {'content-type': contentType, 'content-length': length, connection: 'close'});
  outgoing.write(body);
  let dropped = 0;
  const finish = (): void => {
    clearTimeout(timer);
    outgoing.end();
  };
  const timer = setTimeout(finish, DISCARD_MS_MAX);
  incoming.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DISCARD_BYTES_MAX) finish();
  });
  incoming.on('end', finish);
  incoming.on('close', finish);
  incoming.resume();
}

async function writeResponse({incoming, outgoing}: Exchange, response: Response): Promise<void> {
  if (isAnswered(outgoing)) {
    await response.body?.cancel();
    return;
  }
  const headers = headersOf(response.headers);
  if (incoming.method === 'HEAD' || response.body === null) {
    await response.body?.cancel();
    if (
      response.body === null &&
      response.status >= 200 &&
      response.status !== 204 &&
      response.status !== 304
    ) {
      headers['content-length'] ??= '0';
    }
    outgoing.writeHead(response.status, headers).end();
    return;
  }
  const body = await openResponseBody(response);
  // The app may have taken its time, and a body that grew too large is answered meanwhile.
  if (isAnswered(outgoing)) return;
  if (body.kind === 'whole') {
    headers['content-length'] = String(body.bytes.byteLength);
    outgoing.writeHead(response.status, headers).end(body.bytes);
    return;
  }
  outgoing.writeHead(response.status, headers);
  for await (const chunk of body.chunks) {
    if (isCut(outgoing)) return;
    if (!outgoing.write(chunk)) await writable(outgoing);
  }
  outgoing.end();
}

const isCut = (outgoing: ServerResponse): boolean => outgoing.destroyed;
const isAnswered = (outgoing: ServerResponse): boolean => outgoing.headersSent || outgoing.destroyed;

function headersOf(headers: Headers): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of headers) record[name] = value;
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) record['set-cookie'] = cookies;
  return record;
}

/** Resolves when more may be written, or nothing ever can. */
async function writable(outgoing: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.on('drain', done);
    outgoing.on('close', done);
  });
}

function noteNothing(): void {
  return;
}
