// What each type begins as, and what does not pass for it.
import {expect, test} from 'vitest';
import {attachmentMimeTypes} from '#crdt/entities/attachments.ts';
import {looksLike} from './magic-number.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const starts: Readonly<Record<(typeof attachmentMimeTypes)[number], Uint8Array>> = {
  'image/jpeg': bytes('\xff\xd8\xff\xe0\x00\x10JFIF'),
  'image/png': bytes('\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR'),
  'image/webp': bytes('RIFF\x24\x00\x00\x00WEBPVP8 '),
  'image/heic': bytes('\x00\x00\x00\x18ftypheic\x00\x00\x00\x00'),
  'application/pdf': bytes('%PDF-1.7\n'),
};

test.each(attachmentMimeTypes)('%s is told from every other type', (type) => {
  expect(attachmentMimeTypes.filter((other) => looksLike(type, starts[other]))).toEqual([type]);
});

test.each(attachmentMimeTypes)('%s cut short, or with something before it, is not taken for it', (type) => {
  expect(looksLike(type, new Uint8Array())).toBe(false);
  expect(looksLike(type, starts[type].subarray(0, 2))).toBe(false);
  expect(looksLike(type, Buffer.concat([bytes('\n'), starts[type]]))).toBe(false);
});

test.each([
  ['a page', '<!doctype html><script>'],
  ['a program', 'MZ\x90\x00\x03'],
  ['an archive', 'PK\x03\x04'],
  ['a drawing', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ['a sound', 'RIFF\x24\x00\x00\x00WAVEfmt '],
  ['a film', '\x00\x00\x00\x18ftypisom'],
])('%s is none of them', (_, text) => {
  expect(attachmentMimeTypes.filter((type) => looksLike(type, bytes(text)))).toEqual([]);
});
