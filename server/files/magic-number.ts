// Whether a file begins as its type does. Pure.
import type {attachmentMimeTypes} from '#crdt/entities/attachments.ts';

/** Bytes to read of a file before asking. */
export const MAGIC_BYTES = 32;

type MimeType = (typeof attachmentMimeTypes)[number];

const startsWith = (bytes: Uint8Array, ...expected: number[]): boolean =>
  expected.every((byte, at) => bytes[at] === byte);

const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + length)).toString('latin1');

/** ISO base media brands of HEIF images coded with HEVC, single or in sequence, and the plain image brands. */
const heicBrands = new Set(['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'hevm', 'hevs', 'mif1', 'msf1']);

const tests: Readonly<Record<MimeType, (bytes: Uint8Array) => boolean>> = {
  'image/jpeg': (bytes) => startsWith(bytes, 0xff, 0xd8, 0xff),
  'image/png': (bytes) => startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
  'image/webp': (bytes) => textAt(bytes, 0, 4) === 'RIFF' && textAt(bytes, 8, 4) === 'WEBP',
  'image/heic': (bytes) => textAt(bytes, 4, 4) === 'ftyp' && heicBrands.has(textAt(bytes, 8, 4)),
  'application/pdf': (bytes) => textAt(bytes, 0, 5) === '%PDF-',
};

/** start: the first MAGIC_BYTES, or all of a shorter file. */
export const looksLike = (mimeType: string, start: Uint8Array): boolean => tests[mimeType as MimeType](start);
