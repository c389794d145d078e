// Bodies of plain HTTP, for both transports: a request body that arrives in chunks and has a bound, and the
// bytes of a response.

import type {TransportOptions} from './socket.ts';

/** Bytes of a request body read ahead of the app before the peer is held back. */
const BODY_AHEAD_BYTES = 64 * 1024;
/** Bytes of a refused body still read and dropped, so that its sender sees the answer and not a reset. */
export const DISCARD_BYTES_MAX = 16 * 1024 * 1024;
/** Milliseconds given for the same. */
export const DISCARD_MS_MAX = 5_000;

/** Bytes that a request for `target` may bring. */
export function bodyBound(
  {bodyBytesMax, largeBodies}: Pick<TransportOptions, 'bodyBytesMax' | 'largeBodies'>,
  target: string,
): number {
  if (largeBodies === undefined || !target.startsWith(largeBodies.prefix)) return bodyBytesMax;
  // As the app will read it: `..` may lead elsewhere.
  const url = URL.canParse(target, 'http://host') ? new URL(target, 'http://host') : undefined;
  return url?.pathname.startsWith(largeBodies.prefix) === true ? largeBodies.bytesMax : bodyBytesMax;
}

/** Stops and restarts the arrival of a body. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

/** A request body on its way in. */
export class BodyIntake {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #bytesMax: number;
  readonly #source: BodySource;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #bytes = 0;
  #isPaused = false;

  constructor(options: {bytesMax: number; source: BodySource}) {
    this.#bytesMax = options.bytesMax;
    this.#source = options.source;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#resume(),
        cancel: () => this.drop(),
      },
      {highWaterMark: BODY_AHEAD_BYTES, size: (chunk) => chunk.byteLength},
    );
  }

  /** Takes a chunk that is the stream's own from now on. False: the body is larger than allowed. */
  push(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#bytesMax) return false;
    if (this.#controller === undefined || chunk.byteLength === 0) return true;
    this.#controller.enqueue(chunk);
    if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.#isPaused = true;
      this.#source.pause();
    }
    return true;
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  /** The body will not come whole: whoever reads it is told. */
  fail(message: string): void {
    this.#controller?.error(new Error(message));
    this.drop();
  }

  /** Nobody reads the body any more: the rest is let in and forgotten. */
  drop(): void {
    this.#controller = undefined;
    this.#resume();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#source.resume();
  }
}

/** A response's body: whole where it is ready at once, else in chunks as they come. */
export type ResponseBody =
  | {readonly kind: 'whole'; readonly bytes: Uint8Array}
  | {readonly kind: 'chunks'; readonly chunks: AsyncGenerator<Uint8Array, void>};

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

const NO_BYTES = new Uint8Array();

/**
 * Opens the body of a response. Waits one turn of the event loop at most for a second chunk, so an endless
 * stream is not held up. Rejects if the body breaks before that; ending `chunks` early cancels the body.
 */
export async function openResponseBody(response: Response): Promise<ResponseBody> {
  if (response.body === null) return {kind: 'whole', bytes: NO_BYTES};
  const reader = response.body.getReader() as BodyReader;
  const first = await reader.read();
  if (first.done) return {kind: 'whole', bytes: NO_BYTES};
  const second = reader.read();
  const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  const ready = await Promise.race([second, turn]);
  if (ready?.done === true) return {kind: 'whole', bytes: first.value};
  return {kind: 'chunks', chunks: readChunks(reader, [Promise.resolve(first), second])};
}

async function* readChunks(
  reader: BodyReader,
  begun: ReturnType<BodyReader['read']>[],
): AsyncGenerator<Uint8Array, void> {
  try {
    for (;;) {
      const chunk = await (begun.shift() ?? reader.read());
      if (chunk.done) return;
      yield chunk.value;
    }
  } finally {
    await reader.cancel().catch(ignoreBroken);
  }
}

/** A body that broke has said so where it was read; cancelling it again adds nothing. */
function ignoreBroken(): void {
  return;
}
