// An invoice as text: what the page shows of a record, written as the client's language writes it.
import {currencyExponent} from '#crdt/entities/currency.ts';
import {computeLines, computeTotals, sum, type LineTotals} from '#crdt/entities/totals.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import type {Bill} from './read-bill.ts';
import {wordsOf, type Words} from './words.ts';

export interface PrintedLine {
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly discount: string;
  readonly tax: string;
  readonly amount: string;
}

export interface Printed {
  /** BCP 47. */
  readonly language: string;
  readonly words: Words;
  readonly title: string;
  readonly seller: string;
  /** Across the page; null on what is in force. */
  readonly stamp: string | null;
  /** Name first. */
  readonly billTo: readonly string[];
  /** Number and dates, with what they are. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly lines: readonly PrintedLine[];
  readonly hasDiscounts: boolean;
  readonly hasTaxes: boolean;
  /** The last one is the total. */
  readonly totals: readonly (readonly [label: string, value: string])[];
  readonly remark: string | null;
  readonly notes: string;
}

const asText = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

export function print({fields, client, status, relatedNumber, sellerName}: Bill): Printed {
  const language = supported(asText(client?.language));
  const words = wordsOf(language);
  const money = moneyFormat(language, asText(fields.currency));
  const computed = computeLines(fields) ?? [];
  const items = Array.isArray(fields.lineItems) ? (fields.lineItems as readonly JsonObject[]) : [];
  const lines = computed.map((line, index) => printLine(items[index] ?? {}, line, {language, money}));
  const date = (value: JsonValue | undefined): string => dateText(language, asText(value));
  const isIncluded = fields.taxMode === 'inclusive' && computed.some(({tax}) => tax !== 0n);
  return {
    language,
    words,
    title: fields.kind === 'credit_note' ? words.creditNote : words.invoice,
    seller: sellerName,
    stamp: status === 'draft' ? words.draft : status === 'void' ? words.void : null,
    billTo: clientLines(client, {language, words}),
    facts: [
      [words.number, asText(fields.number)] as const,
      [words.issueDate, date(fields.issueDate)] as const,
      [words.dueDate, date(fields.dueDate)] as const,
      [words.forInvoice, relatedNumber ?? ''] as const,
    ].filter(([, value]) => value !== ''),
    lines,
    hasDiscounts: lines.some(({discount}) => discount !== ''),
    hasTaxes: lines.some(({tax}) => tax !== ''),
    totals: printTotals(fields, computed, {language, words, money}),
    remark: isIncluded ? words.taxIncluded : null,
    notes: asText(fields.publicNotes),
  };
}

/** A language that this platform cannot write numbers and dates in reads as English. */
function supported(language: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

type Money = (minor: bigint) => string;

/** Exact, with the digits of the currency; without one, as if it had two. */
function moneyFormat(language: string, currency: string): Money {
  const digits = currencyExponent(currency) ?? 2;
  const format = new Intl.NumberFormat(language, {
    ...(currency === '' ? {} : {style: 'currency', currency}),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return (minor) => format.format(decimal(minor, digits));
}

/** `minor` with the point moved `digits` to the left. */
function decimal(minor: bigint, digits: number): `${number}` {
  const sign = minor < 0n ? '-' : '';
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return (digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-digits)}`) as `${number}`;
}

const PERCENT_DIGITS = 4;

const percent = (language: string, bps: bigint): string =>
  new Intl.NumberFormat(language, {style: 'percent', maximumFractionDigits: 2}).format(
    decimal(bps, PERCENT_DIGITS),
  );

function dateText(language: string, date: string): string {
  if (date === '') return '';
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeZone: 'UTC',
    calendar: 'gregory',
  });
  return format.format(new Date(`${date}T00:00:00Z`));
}

const isPositive = (value: JsonValue | undefined): value is number => typeof value === 'number' && value > 0;

const QUANTITY_DIGITS = 3;

function printLine(
  {description, quantityMilli, unitPriceMinor, taxRateBps, discountBps}: JsonObject,
  {amount}: LineTotals,
  {language, money}: {language: string; money: Money},
): PrintedLine {
  const quantity = new Intl.NumberFormat(language, {maximumFractionDigits: QUANTITY_DIGITS});
  return {
    description: asText(description),
    quantity: quantity.format(decimal(BigInt(Number(quantityMilli)), QUANTITY_DIGITS)),
    unitPrice: money(BigInt(Number(unitPriceMinor))),
    discount: isPositive(discountBps) ? percent(language, BigInt(discountBps)) : '',
    tax: typeof taxRateBps === 'number' ? percent(language, BigInt(taxRateBps)) : '',
    amount: money(amount),
  };
}

/** Without tax, per rate that occurs, and all of it; an amount that is out of range is left out. */
function printTotals(
  fields: JsonObject,
  lines: readonly LineTotals[],
  {language, words, money}: {language: string; words: Words; money: Money},
): Printed['totals'] {
  const totals = computeTotals(fields);
  if (totals === null) return [];
  const total = [words.total, money(BigInt(totals.totalMinor))] as const;
  const rates = [...new Set(lines.map(({taxRate}) => taxRate))].sort((a, b) => Number(a - b));
  if (rates.every((rate) => rate === 0n)) return [total];
  const taxes = rates.map((rate) => {
    const ofRate = lines.filter(({taxRate}) => taxRate === rate);
    const net = money(sum(ofRate.map((line) => line.net)));
    const tax = money(sum(ofRate.map((line) => line.tax)));
    return [`${words.tax} ${percent(language, rate)} (${net})`, tax] as const;
  });
  return [[words.subtotal, money(BigInt(totals.subtotalMinor))], ...taxes, total];
}

function clientLines(
  client: JsonObject | null,
  {language, words}: {language: string; words: Words},
): readonly string[] {
  if (client === null) return [];
  const address = (client.billingAddress ?? client.serviceAddress ?? {}) as JsonObject;
  const place = [asText(address.postalCode), asText(address.city)].filter((part) => part !== '').join(' ');
  const country = asText(address.country);
  const taxId = asText(client.taxId);
  const lines = [
    asText(client.displayName),
    asText(client.companyName),
    asText(client.contactName),
    asText(address.line1),
    asText(address.line2),
    place,
    asText(address.region),
    country === '' ? '' : (new Intl.DisplayNames(language, {type: 'region'}).of(country) ?? country),
    taxId === '' ? '' : `${words.taxId}: ${taxId}`,
  ];
  return lines.filter((text, index) => text !== '' && lines.indexOf(text) === index);
}
