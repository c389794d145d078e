// A search that cannot find would prove nothing.
import {randomBytes} from 'node:crypto';
import {expect, test} from 'vitest';
import {findNeedles, needleOf} from './needles.ts';

const secret = 'kanarienvogel';
const needles = [needleOf('secret', secret)];
const around = (text: string): Buffer => Buffer.concat([randomBytes(101), Buffer.from(text), randomBytes(7)]);

test.each([
  ['as it is', secret],
  ['in hexadecimal', Buffer.from(secret).toString('hex')],
  ['in upper-case hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
  ...[0, 1, 2, 3].map((before): [string, string] => [
    `in base64 after ${before} bytes`,
    Buffer.from('x'.repeat(before) + secret + 'yy').toString('base64'),
  ]),
  ['in base64url', Buffer.from(`?${secret}`).toString('base64url')],
])('finds a needle %s', (_, text) => {
  expect(findNeedles(around(text), needles).map(({needle}) => needle)).toContain('secret');
});

test('finds bytes whose base64 has signs that a URL spells otherwise', () => {
  const bytes = Buffer.alloc(12, 0xff);
  expect(findNeedles(bytes.toString('base64url'), [needleOf('key', bytes)])).not.toEqual([]);
  expect(findNeedles(bytes.toString('base64'), [needleOf('key', bytes)])).not.toEqual([]);
});

test('finds nothing where there is nothing, and shows what is around a find', () => {
  expect(findNeedles(randomBytes(100_000), needles)).toEqual([]);
  expect(findNeedles(`\u0000name: ${secret}.`, needles)[0]?.around).toBe(`.name: ${secret}.`);
});
