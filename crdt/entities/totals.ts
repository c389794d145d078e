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

function lineTotals(line: JsonValue, taxMode: TaxMode): {net: bigint; tax: bigint} | undefined {
  if (line === null || typeof line !== 'object' || Array.isArray(line)) return undefined;
  const {quantityMilli, unitPriceMinor, taxRateBps, discountBps} = line as JsonObject;
  const quantity = toBigInt(quantityMilli);
  const price = toBigInt(unitPriceMinor);
  const rate = toBigInt(taxRateBps, 0n);
  const discount = toBigInt(discountBps, 0n);
  if (quantity === undefined || price === undefined || rate === undefined || discount === undefined) {
    return undefined;
  }
  const amount = divideHalfUp(quantity * price * (BPS - discount), MILLI * BPS);
  if (taxMode === 'exclusive') return {net: amount, tax: divideHalfUp(amount * rate, BPS)};
  const tax = divideHalfUp(amount * rate, BPS + rate);
  return {net: amount - tax, tax};
}

/**
 * Sums lines that were rounded one by one: first the amount after discount, then its tax. Without lines the
 * entry amounts to its `amountMinor`, tax not told apart. Null if a line cannot be read or a sum leaves
 * the exact integers.
 */
export function computeTotals(fields: JsonObject): Totals | null {
  const lines = fields.lineItems;
  if (!Array.isArray(lines) || lines.length === 0) {
    const amount = toBigInt(fields.amountMinor, 0n);
    return amount === undefined ? null : toTotals(amount, 0n);
  }
  const taxMode = fields.taxMode === 'inclusive' ? 'inclusive' : 'exclusive';
  let subtotal = 0n;
  let tax = 0n;
  for (const line of lines as readonly JsonValue[]) {
    const totals = lineTotals(line, taxMode);
    if (totals === undefined) return null;
    subtotal += totals.net;
    tax += totals.tax;
  }
  return toTotals(subtotal, tax);
}

function toTotals(subtotal: bigint, tax: bigint): Totals | null {
  const totals = {
    subtotalMinor: Number(subtotal),
    taxMinor: Number(tax),
    totalMinor: Number(subtotal + tax),
  };
  return Object.values(totals).every(Number.isSafeInteger) ? totals : null;
}
