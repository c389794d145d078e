// Reads a JSON body: bounded, strict UTF-8, of the right type. Nothing else parses what a caller sends.
import {SyncError} from '#crdt/protocol/error-code.ts';
import {BODY_BYTES_MAX} from '#crdt/protocol/limits.ts';

const typePattern = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** A request without any body says `{}`. Throws SyncError `unsupported_media_type`, `body_too_large` or `bad_json`. */
export async function readJsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type');
  if (type !== null && !typePattern.test(type)) throw new SyncError('unsupported_media_type');
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX)
    throw new SyncError('body_too_large');
  const bytes = await readBytes(request);
  if (type === null) {
    if (bytes.length === 0) return {};
    throw new SyncError('unsupported_media_type');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes)) as unknown;
  } catch {
    // Without the parser's words: they quote the body.
    throw new SyncError('bad_json');
  }
}

/**
 * The body may be longer than it says, say nothing, or break off: then its peer is gone, which is no fault of ours.
 * Throws SyncError `body_too_large` or `bad_json`.
 */
export async function readBytes(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > BODY_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new SyncError('bad_json', {cause: error});
  }
  if (size > BODY_BYTES_MAX) throw new SyncError('body_too_large');
  return Buffer.concat(chunks, size);
}
