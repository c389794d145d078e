// Plain HTTP of the uWebSockets.js transport: its stack-bound request and short-lived response to Request and
// Response. Once aborted or ended, the native response must not be touched again.

import {SocketAddress} from 'node:net';
import type {HttpRequest, HttpResponse} from 'uWebSockets.js';
import type {HeaderPair} from '../answer-headers.ts';
import {bodyBound, BodyIntake, DISCARD_BYTES_MAX, DISCARD_MS_MAX, openResponseBody} from './http-body.ts';
import {
  askApp,
  makeRequest,
  plainAddress,
  type Problem,
  problemOf,
  type RequestParts,
  statusLine,
  withAnswerHeaders,
} from './http-exchange.ts';
import type {TransportOptions} from './socket.ts';

/** Headers that the library writes, or that belong to one connection. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/** The peer's address as node:net writes it. */
export function addressOf(response: HttpResponse): string {
  const text = Buffer.from(response.getRemoteAddressAsText()).toString();
  if (!text.includes(':')) return text;
  return plainAddress(new SocketAddress({family: 'ipv6', address: text}).address);
}

/** Answers one request. Settles when the answer is written or the peer is gone; never rejects. */
export async function answerUws(
  deps: Pick<TransportOptions, 'fetch' | 'bodyBytesMax' | 'largeBodies' | 'answerHeaders'>,
  native: {response: HttpResponse; request: HttpRequest},
): Promise<void> {
  // Everything of `request` is read before the first await: it lives on the stack of this call.
  const head = readHead(native.request);
  const address = addressOf(native.response);
  const bytesMax = bodyBound(deps, head.target);
  const exchange = new UwsExchange(native.response, {bytesMax, answerHeaders: deps.answerHeaders});
  if (Number(head.contentLength) > bytesMax) {
    exchange.refuseLargeBody();
    return exchange.settled;
  }
  const takesBody = head.method !== 'GET' && head.method !== 'HEAD' && head.hasBody;
  const request = makeRequest({...head, body: takesBody ? exchange.intake.stream : undefined});
  if (typeof request === 'string') {
    exchange.problem(problemOf(request));
    return exchange.settled;
  }
  const response = await askApp(() => deps.fetch(request, address));
  await exchange.respond(response, {isHead: head.method === 'HEAD'});
  return exchange.settled;
}

type Head = Omit<RequestParts, 'body'> & {readonly contentLength: string; readonly hasBody: boolean};

function readHead(request: HttpRequest): Head {
  const headers: [string, string][] = [];
  request.forEach((name, value) => headers.push([name, value]));
  const query = request.getQuery();
  const contentLength = request.getHeader('content-length') || '0';
  return {
    method: request.getCaseSensitiveMethod(),
    target: query === '' ? request.getUrl() : `${request.getUrl()}?${query}`,
    host: request.getHeader('host') || undefined,
    headers,
    contentLength,
    hasBody: contentLength !== '0' || request.getHeader('transfer-encoding') !== '',
  };
}

/** One native response until it is ended or aborted. */
class UwsExchange {
  readonly intake: BodyIntake;
  /** Resolves when the native response is gone, one way or the other. */
  readonly settled: Promise<void>;
  readonly #answerHeaders: readonly HeaderPair[];
  #native: HttpResponse | undefined;
  #hasHead = false;
  #discarded = 0;
  #discardTimer: NodeJS.Timeout | undefined;
  #settle: () => void = () => undefined;
  #writable: () => void = () => undefined;

  constructor(native: HttpResponse, options: {bytesMax: number; answerHeaders: readonly HeaderPair[]}) {
    this.#native = native;
    this.#answerHeaders = options.answerHeaders;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    const source = {pause: () => this.#native?.pause(), resume: () => this.#native?.resume()};
    this.intake = new BodyIntake({bytesMax: options.bytesMax, source});
    native.onAborted(() => {
      this.#release();
      this.intake.fail('The peer went away.');
    });
    native.onData((chunk, isLast) => this.#receive(chunk, isLast));
  }

  problem({status, contentType, body}: Problem): void {
    this.#writeHead(status, [['content-type', contentType]], (native) => native.end(body));
  }

  /**
   * Answers 413 at once. The answer is ended only when the peer has stopped sending, or has sent more than
   * anyone would drop: closing earlier resets the connection, and the peer never sees the answer.
   */
  refuseLargeBody(): void {
    if (this.#hasHead) {
      this.#native?.close();
      return;
    }
    const {status, contentType, body} = problemOf('body_too_large');
    this.#hasHead = true;
    this.#native?.cork(() => {
      this.#startHead(status, [
        ['content-type', contentType],
        ['connection', 'close'],
      ]);
      this.#native?.write(body);
    });
    this.intake.fail('The body is larger than allowed.');
    this.#discardTimer = setTimeout(() => this.#native?.close(), DISCARD_MS_MAX);
  }

  async respond(response: Response, {isHead}: {isHead: boolean}): Promise<void> {
    const headers = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
    const {status} = response;
    try {
      if (isHead || response.body === null) {
        await response.body?.cancel();
        const length = Number(response.headers.get('content-length') ?? 0);
        const isBare = status === 204 || status === 304 || (isHead && length === 0);
        this.#writeHead(status, headers, (native) =>
          isBare ? native.endWithoutBody() : isHead ? native.endWithoutBody(length) : native.end(),
        );
        return;
      }
      const body = await openResponseBody(response);
      if (body.kind === 'whole') this.#writeHead(status, headers, (native) => native.end(body.bytes));
      else await this.#writeChunks({status, headers, chunks: body.chunks});
    } catch {
      // Too late for another answer: cutting the connection is how HTTP says that this one is not whole.
      this.#native?.close();
    }
  }

  async #writeChunks(response: {
    status: number;
    headers: [string, string][];
    chunks: AsyncGenerator<Uint8Array, void>;
  }): Promise<void> {
    if (this.#hasHead) {
      await response.chunks.return();
      return;
    }
    this.#hasHead = true;
    this.#native?.cork(() => this.#startHead(response.status, response.headers));
    for await (const chunk of response.chunks) {
      // An aborted response ends the loop, which cancels the body.
      if (this.#native === undefined) return;
      if (!this.#writeChunk(chunk)) await this.#awaitWritable();
    }
    this.#native?.cork(() => this.#end((native) => native.end()));
  }

  /** Whether more may be written at once. */
  #writeChunk(chunk: Uint8Array): boolean {
    let isTaken = true;
    this.#native?.cork(() => {
      isTaken = this.#native?.write(chunk) ?? true;
    });
    return isTaken;
  }

  async #awaitWritable(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#writable = resolve;
      this.#native?.onWritable(() => {
        resolve();
        return true;
      });
    });
  }

  #startHead(status: number, headers: readonly [string, string][]): void {
    this.#native?.writeStatus(statusLine(status));
    for (const [name, value] of withAnswerHeaders(headers, this.#answerHeaders))
      this.#native?.writeHeader(name, value);
  }

  #writeHead(
    status: number,
    headers: readonly [string, string][],
    end: (native: HttpResponse) => HttpResponse,
  ): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.#native?.cork(() => {
      this.#startHead(status, headers);
      this.#end(end);
    });
  }

  /** What is left of the request's body is let in first, for nobody can resume it afterwards. */
  #end(end: (native: HttpResponse) => HttpResponse): void {
    this.intake.drop();
    const native = this.#native;
    this.#release();
    if (native !== undefined) end(native);
  }

  #receive(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#native === undefined) return;
    if (this.#discardTimer === undefined) this.#takeBody(chunk, isLast);
    else this.#discarded += chunk.byteLength;
    if (this.#discardTimer !== undefined) this.#discardOn(isLast);
  }

  #discardOn(isLast: boolean): void {
    // `end` with its flag to close would write a header into the middle of a body begun with `write`.
    if (isLast) this.#native?.cork(() => this.#end((native) => native.end()));
    else if (this.#discarded > DISCARD_BYTES_MAX) this.#native?.close();
  }

  #takeBody(chunk: ArrayBuffer, isLast: boolean): void {
    // A copy: the library takes the buffer back when this returns.
    if (!this.intake.push(new Uint8Array(chunk.slice(0)))) this.refuseLargeBody();
    else if (isLast) this.intake.end();
  }

  #release(): void {
    this.#native = undefined;
    clearTimeout(this.#discardTimer);
    this.#discardTimer = undefined;
    this.#settle();
    this.#writable();
  }
}
