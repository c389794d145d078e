// What a finance entry amounts to. Integers only: a float would make device and server differ by a cent. Pure;
// devices call it to show totals, flattening to store them.
import type {JsonObject, JsonValue} from '../json.ts';

/** Minor units of the entry's currency. */
export interface Totals {
  readonly subtotalMinor: number;
  readonly taxMinor: number;
  readonly totalMinor: number;
}

type TaxMode = 'exclusive' | 'inclusive';

const BPS = 10_000n;
const MILLI = 1_000n;

/** Rounds half away from zero, so that a credit note mirrors its invoice to the cent. `divisor` above 0. */
function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  const twice = 2n * divisor;
  return dividend < 0n ? -((-2n * dividend + divisor) / twice) : (2n * dividend + divisor) / twice;
}

/** Undefined: absent members count as `fallback`, anything but an exact integer makes the line unreadable. */
function toBigInt(value: JsonValue | undefined, fallback?: bigint): bigint | undefined {
  if (value === undefined || value === null) return fallback;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

/** One line in exact minor units, already rounded. */
export interface LineTotals {
  /** As priced, after discount: without tax, or with it where prices include it. */
  readonly amount: bigint;
  readonly net: bigint;
  readonly tax: bigint;
  /** Basis points. */
  readonly taxRate: bigint;
}

function lineTotals(line: JsonValue, taxMode: TaxMode): LineTotals | undefined {
  if (line === null || typeof line !== 'object' || Array.isArray(line)) return undefined;
  const {quantityMilli, unitPriceMinor, taxRateBps, discountBps} = line as JsonObject;
  const quantity = toBigInt(quantityMilli);
  const price = toBigInt(unitPriceMinor);
  const taxRate = toBigInt(taxRateBps, 0n);
  const discount = toBigInt(discountBps, 0n);
  if (quantity === undefined || price === undefined || taxRate === undefined || discount === undefined) {
    return undefined;
  }
  const amount = divideHalfUp(quantity * price * (BPS - discount), MILLI * BPS);
  if (taxMode === 'exclusive')
    return {amount, net: amount, tax: divideHalfUp(amount * taxRate, BPS), taxRate};
  const tax = divideHalfUp(amount * taxRate, BPS + taxRate);
  return {amount, net: amount - tax, tax, taxRate};
}

/** In the order of the lines; none for an entry without lines. Null if one cannot be read. */
export function computeLines({lineItems, taxMode}: JsonObject): readonly LineTotals[] | null {
  if (!Array.isArray(lineItems)) return [];
  const mode = taxMode === 'inclusive' ? 'inclusive' : 'exclusive';
  const lines = (lineItems as readonly JsonValue[]).map((line) => lineTotals(line, mode));
  return lines.every((line) => line !== undefined) ? lines : null;
}

/**
 * Sums lines that were rounded one by one: first the amount after discount, then its tax. Without lines the
 * entry amounts to its `amountMinor`, tax not told apart. Null if a line cannot be read or a sum leaves
 * the exact integers.
 */
export function computeTotals(fields: JsonObject): Totals | null {
  const lines = computeLines(fields);
  if (lines === null) return null;
  if (lines.length === 0) {
    const amount = toBigInt(fields.amountMinor, 0n);
    return amount === undefined ? null : toTotals(amount, 0n);
  }
  return toTotals(sum(lines.map(({net}) => net)), sum(lines.map(({tax}) => tax)));
}

export const sum = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((total, amount) => total + amount, 0n);

function toTotals(subtotal: bigint, tax: bigint): Totals | null {
  const totals = {
    subtotalMinor: Number(subtotal),
    taxMinor: Number(tax),
    totalMinor: Number(subtotal + tax),
  };
  return Object.values(totals).every(Number.isSafeInteger) ? totals : null;
}
