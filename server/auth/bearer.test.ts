import {expect, it} from 'vitest';
import {TOKEN_LENGTH_MAX} from './auth-limits.ts';
import {parseBearer} from './bearer.ts';

const longest = 'a'.repeat(TOKEN_LENGTH_MAX);

it.each([
  ['Bearer a.b.c', 'a.b.c'],
  ['bearer a-b_c', 'a-b_c'],
  ['BEARER abc==', 'abc=='],
  [`Bearer ${longest}`, longest],
])('takes the token out of %.30s', (header, token) => {
  expect(parseBearer(header)).toBe(token);
});

it.each([
  [undefined],
  [''],
  ['Bearer'],
  ['Bearer '],
  ['Bearer  a'],
  ['Bearer\ta'],
  [' Bearer a'],
  ['Bearer a '],
  ['Bearer a b'],
  ['Bearer a, Bearer b'],
  ['Bearer a=b'],
  ['Bearer =='],
  ['Bearer é'],
  ['Bearer a\n'],
  ['Basic YTpi'],
  ['Token a'],
  [`Bearer ${longest}a`],
])('finds no token in %j', (header) => {
  expect(parseBearer(header)).toBeUndefined();
});
