// What sending reads out of an invoice and its client: to whom it goes, whether it may, and what a message says of it.
import type {JsonObject} from '#crdt/json.ts';
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import type {Bill} from '../invoices/read-bill.ts';
import type {MessageParts, TemplateLanguage} from './templates.ts';

export const isIssued = ({status}: Bill): boolean => status === 'issued' || status === 'sent';

/** What an invoice says to whom it goes to: while this stays the same, a message about it is the same message. */
export function printedFields({fields}: Bill): JsonObject {
  const {number, clientId, currency, lineItems, taxMode, totalMinor, issueDate, dueDate, publicNotes} =
    fields;
  const printed = {
    number,
    clientId,
    currency,
    lineItems,
    taxMode,
    totalMinor,
    issueDate,
    dueDate,
    publicNotes,
  };
  return Object.fromEntries(Object.entries(printed).map(([name, value]) => [name, value ?? null]));
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

export const recipientOf = (client: JsonObject, channel: ChannelName): string | null =>
  textOf(client[channel === 'sms' ? 'phone' : channel]);

/** WhatsApp and SMS want a yes; an invoice may be mailed unless the client said no. */
export function hasConsent(client: JsonObject, channel: ChannelName): boolean {
  const field = {email: 'consentEmail', whatsapp: 'consentWhatsapp', sms: 'consentSms'}[channel];
  const consent = client[field] as {optedIn?: boolean} | null | undefined;
  return channel === 'email' ? consent?.optedIn !== false : consent?.optedIn === true;
}

export function partsOf(
  {fields, client, sellerName}: Bill,
  {language, link}: {language: TemplateLanguage; link: string},
): MessageParts {
  const dueDate = textOf(fields.dueDate);
  return {
    clientName: textOf(client?.contactName) ?? textOf(client?.displayName) ?? '',
    number: textOf(fields.number) ?? '',
    total: moneyText(fields, language),
    dueDate: dueDate === null ? null : dateText(dueDate, language),
    businessName: sellerName,
    link,
  };
}

function moneyText({currency, totalMinor, amountMinor}: JsonObject, language: string): string {
  const minor =
    typeof totalMinor === 'number' ? totalMinor : typeof amountMinor === 'number' ? amountMinor : 0;
  const code = textOf(currency);
  if (code === null) return String(minor);
  const format = new Intl.NumberFormat(language, {style: 'currency', currency: code});
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  // As text, so that no large amount is rounded on the way.
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const amount = `${minor < 0 ? '-' : ''}${whole}${digits === 0 ? '' : `.${text.slice(-digits)}`}`;
  return format.format(amount as `${number}`);
}

const dateText = (date: string, language: string): string =>
  new Intl.DateTimeFormat(language, {dateStyle: 'long', timeZone: 'UTC'}).format(
    new Date(`${date}T00:00:00Z`),
  );
