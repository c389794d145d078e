import {expect, it} from 'vitest';
import {currencyCodes, currencyExponent, isCurrencyCode} from './currency.ts';

it.each([
  ['JPY', 0],
  ['EUR', 2],
  ['KWD', 3],
  ['CLF', 4],
])('%s has %i digits', (code, exponent) => {
  expect(currencyExponent(code)).toBe(exponent);
});

it.each(['eur', 'XXX', '', 'toString', '__proto__'])('does not know %j', (code) => {
  expect(isCurrencyCode(code)).toBe(false);
  expect(currencyExponent(code)).toBeUndefined();
});

it('lists each code once, as three capital letters', () => {
  expect(new Set(currencyCodes).size).toBe(currencyCodes.length);
  expect(currencyCodes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
});
