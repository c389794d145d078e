// Totals against arithmetic of another kind: exact fractions, rounded at the end of each line.
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {computeLines, computeTotals} from './totals.ts';

interface Fraction {
  readonly top: bigint;
  /** Above 0. */
  readonly bottom: bigint;
}

const fraction = (top: number | bigint, bottom: number | bigint = 1): Fraction => ({
  top: BigInt(top),
  bottom: BigInt(bottom),
});
const times = (a: Fraction, b: Fraction): Fraction => ({top: a.top * b.top, bottom: a.bottom * b.bottom});
const plus = (a: Fraction, b: Fraction): Fraction => ({
  top: a.top * b.bottom + b.top * a.bottom,
  bottom: a.bottom * b.bottom,
});
const over = (a: Fraction, b: Fraction): Fraction => times(a, {top: b.bottom, bottom: b.top});

/** The whole number nearest to it, found by its distance; of two as near, the one further from 0. */
function rounded({top, bottom}: Fraction): bigint {
  const size = top < 0n ? -top : top;
  const below = size / bottom;
  const nearest = (below + 1n) * bottom - size <= size - below * bottom ? below + 1n : below;
  return top < 0n ? -nearest : nearest;
}

const line = fc.record({
  quantityMilli: fc.integer({min: -1_000_000, max: 1_000_000}),
  unitPriceMinor: fc.integer({min: -10_000_000, max: 10_000_000}),
  taxRateBps: fc.option(fc.constantFrom(0, 500, 700, 810, 1900, 2550, 10_000), {nil: undefined}),
  discountBps: fc.option(fc.integer({min: 0, max: 10_000}), {nil: undefined}),
});

test('totals are the sums of lines that were rounded half up one by one', () => {
  fc.assert(
    fc.property(fc.array(line, {minLength: 1, maxLength: 20}), fc.boolean(), (lines, isInclusive) => {
      let net = 0n;
      let tax = 0n;
      for (const {quantityMilli, unitPriceMinor, taxRateBps = 0, discountBps = 0} of lines) {
        const kept = plus(fraction(1), fraction(-discountBps, 10_000));
        const exact = times(times(fraction(quantityMilli, 1_000), fraction(unitPriceMinor)), kept);
        const amount = rounded(exact);
        const rate = fraction(taxRateBps, 10_000);
        const share = isInclusive ? over(rate, plus(fraction(1), rate)) : rate;
        const lineTax = rounded(times(fraction(amount), share));
        net += isInclusive ? amount - lineTax : amount;
        tax += lineTax;
      }
      const items = lines.map((item, index) => ({
        id: String(index),
        position: 'a0',
        ...Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)),
      }));
      const fields = {taxMode: isInclusive ? 'inclusive' : 'exclusive', lineItems: items};
      expect(computeTotals(fields)).toEqual({
        subtotalMinor: Number(net),
        taxMinor: Number(tax),
        totalMinor: Number(net + tax),
      });
      const amounts = computeLines(fields)!.map(({amount}) => amount);
      const priced = amounts.reduce((sum, amount) => sum + amount, 0n);
      expect(priced).toBe(isInclusive ? net + tax : net);
    }),
    {numRuns: 500},
  );
});
