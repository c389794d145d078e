import {describe, expect, it} from 'vitest';
import type {JsonObject} from '../json.ts';
import {computeTotals} from './totals.ts';

type Line = readonly [
  quantityMilli: number,
  unitPriceMinor: number,
  taxRateBps?: number,
  discountBps?: number,
];

const entry = (taxMode: string | null, lines: readonly Line[]): JsonObject => ({
  taxMode,
  lineItems: lines.map(([quantityMilli, unitPriceMinor, taxRateBps, discountBps]) => ({
    id: 'x',
    position: 'a0',
    quantityMilli,
    unitPriceMinor,
    ...(taxRateBps === undefined ? {} : {taxRateBps}),
    ...(discountBps === undefined ? {} : {discountBps}),
  })),
});

const MAX = Number.MAX_SAFE_INTEGER;

describe.each<[rule: string, mode: string | null, lines: Line[], totals: [number, number, number] | null]>([
  ['adds tax to exclusive prices', 'exclusive', [[1000, 10_000, 1900]], [10_000, 1900, 11_900]],
  ['takes prices as exclusive without a mode', null, [[1000, 10_000, 1900]], [10_000, 1900, 11_900]],
  ['finds the tax inside inclusive prices', 'inclusive', [[1000, 11_900, 1900]], [10_000, 1900, 11_900]],
  ['keeps an inclusive price to the cent', 'inclusive', [[1000, 9999, 1900]], [8403, 1596, 9999]],
  [
    'sums several tax rates',
    'exclusive',
    [
      [1000, 1000, 1900],
      [2000, 500, 700],
      [1000, 100],
    ],
    [2100, 260, 2360],
  ],
  ['takes parts of a unit', 'exclusive', [[1500, 333, 0]], [500, 0, 500]],
  ['rounds a half up', 'exclusive', [[500, 1, 0]], [1, 0, 1]],
  ['rounds below a half down', 'exclusive', [[499, 1, 0]], [0, 0, 0]],
  ['rounds half a unit of tax up', 'exclusive', [[1000, 5, 1000]], [5, 1, 6]],
  ['rounds tax below a half down', 'exclusive', [[1000, 4, 1000]], [4, 0, 4]],
  [
    'rounds line by line, not the sum',
    'exclusive',
    [
      [1000, 5, 1000],
      [1000, 5, 1000],
    ],
    [10, 2, 12],
  ],
  ['takes a discount before tax', 'exclusive', [[1000, 10_000, 2000, 1250]], [8750, 1750, 10_500]],
  ['rounds once after quantity and discount', 'exclusive', [[1500, 333, 0, 5000]], [250, 0, 250]],
  ['gives everything away at 100 %', 'exclusive', [[1000, 10_000, 1900, 10_000]], [0, 0, 0]],
  [
    'mirrors negative lines exactly',
    'exclusive',
    [
      [-500, 1, 0],
      [-1000, 5, 1000],
    ],
    [-6, -1, -7],
  ],
  ['mirrors negative inclusive lines exactly', 'inclusive', [[-1000, 9999, 1900]], [-8403, -1596, -9999]],
  ['counts yen without decimals', 'exclusive', [[3000, 1980, 1000]], [5940, 594, 6534]],
  ['counts fils by the thousand', 'exclusive', [[1000, 12_345, 500]], [12_345, 617, 12_962]],
  ['doubles a price at 100 % tax', 'exclusive', [[1000, 7, 10_000]], [7, 7, 14]],
  ['reaches the largest exact integer', 'exclusive', [[1000, MAX, 0]], [MAX, 0, MAX]],
  [
    'is exact where floats are not',
    'exclusive',
    [
      [1000, MAX - 1, 0],
      [1000, 1, 0],
    ],
    [MAX, 0, MAX],
  ],
  [
    'is null past the largest exact integer',
    'exclusive',
    [
      [1000, MAX, 0],
      [1000, 1, 0],
    ],
    null,
  ],
  ['is null if only the total overflows', 'exclusive', [[1000, MAX, 1]], null],
  [
    'is null below the smallest exact integer',
    'exclusive',
    [
      [-1000, MAX, 0],
      [-1000, 1, 0],
    ],
    null,
  ],
  [
    'comes back into range by a later line',
    'exclusive',
    [
      [1000, MAX],
      [1000, 1],
      [-1000, 1],
    ],
    [MAX, 0, MAX],
  ],
])('%s', (_rule, mode, lines, totals) => {
  it(`gives ${JSON.stringify(totals)}`, () => {
    const [subtotalMinor, taxMinor, totalMinor] = totals ?? [];
    expect(computeTotals(entry(mode, lines))).toEqual(totals && {subtotalMinor, taxMinor, totalMinor});
  });
});

describe('without lines', () => {
  it.each([
    ['the amount counts', {amountMinor: 4200}, 4200],
    ['an empty list is none', {amountMinor: 4200, lineItems: []}, 4200],
    ['nothing amounts to nothing', {}, 0],
    ['a cleared amount is nothing', {amountMinor: null}, 0],
  ])('%s', (_rule, fields, totalMinor) => {
    expect(computeTotals(fields)).toEqual({subtotalMinor: totalMinor, taxMinor: 0, totalMinor});
  });
});

it('lets lines count rather than the amount', () => {
  expect(computeTotals({...entry(null, [[1000, 5]]), amountMinor: 99})?.totalMinor).toBe(5);
});

it.each([
  [[null]],
  [['x']],
  [[{}]],
  [[{quantityMilli: 1.5, unitPriceMinor: 1}]],
  [[{quantityMilli: '1', unitPriceMinor: 1}]],
])('is null for a line that cannot be read: %j', (lineItems) => {
  expect(computeTotals({lineItems})).toBeNull();
});
