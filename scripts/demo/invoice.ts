// The demo's last act: the work is billed. A real PDF goes out by mail and SMS into the local outbox, pressed twice at
// the same moment and made once. The PDF is read back as a reader shows it.
import {randomUUID} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {PDFiumLibrary} from '@hyzyla/pdfium';
import {pushOne, type Api} from './api.ts';
import {claim, eventually} from './claims.ts';
import {upsert} from './people.ts';
import type {Scene} from './scene.ts';
import {bold, cyan, dim, entry, green, print, wrap} from './terminal.ts';

interface Delivery {
  readonly id?: string;
  readonly channel: string;
  readonly state: string;
  readonly recipient?: string;
  readonly error?: {readonly message: string};
}

interface Sent {
  readonly id: string;
  readonly channel: string;
  readonly to: string;
  readonly subject: string | null;
  readonly text: string;
  readonly fileName: string;
}

const TEXT_WIDTH = 74;
const TOTAL = '€344.51';

/** pdfFile: where to keep the PDF; null: nowhere. */
export async function sendInvoice(scene: Scene, {pdfFile}: {pdfFile: string | null}): Promise<void> {
  const {people, tenant} = scene;
  const {maria} = people;
  const invoiceId = await issue(scene);
  const number = await readNumber(maria.api, invoiceId);
  const onPhone = maria.api.within({tenant, device: randomUUID()});
  const press = (api: Api): Promise<{deliveries: Delivery[]}> =>
    api.post(`/v1/invoices/${invoiceId}/send`, {channels: ['email', 'sms', 'whatsapp']});
  const [answer, other] = await Promise.all([press(maria.api), press(onPhone)]);
  const ids = ({deliveries}: typeof answer): string => deliveries.map(({id}) => id ?? '').join();
  claim('two devices that send at once make the same messages', ids(answer) === ids(other), [answer, other]);
  const outbox = await eventually(
    'the messages are in the local outbox',
    async () => (await maria.api.get<{items: Sent[]}>('/v1/outbox')).items,
    ({length}) => length >= 2,
  );
  claim('each message is there once', outbox.length === 2, outbox);
  const {deliveries} = answer;
  entry(dim('issued'), [`${bold(number)} for ${bold(TOTAL)}`]);
  for (const {channel, recipient, error} of deliveries)
    entry(dim(channel), wrap(error === undefined ? `to ${recipient ?? ''}` : error.message, TEXT_WIDTH));
  const [mail, sms] = ['email', 'sms'].map((name) => outbox.find(({channel}) => channel === name));
  claim('there are a mail and an SMS', mail !== undefined && sms !== undefined, outbox);
  printMessage(mail);
  printMessage(sms);
  await readDocument(maria.api, {mail, sms, number, pdfFile});
}

async function issue({people: {maria}, taskId}: Scene): Promise<string> {
  const [clientId, invoiceId] = [randomUUID(), randomUUID()];
  const yes = {optedIn: true, at: new Date().toISOString()};
  const client = upsert('clients', clientId, {
    kind: 'person',
    displayName: 'Zoë Łuczak',
    email: 'zoe@example.com',
    phone: '+4915112345678',
    whatsapp: '+4915112345678',
    consentSms: yes,
    billingAddress: {line1: '4 Mill Lane', postalCode: '10115', city: 'Berlin', country: 'DE'},
  });
  const line = (id: string, description: string, quantityMilli: number, unitPriceMinor: number) => ({
    id,
    description,
    quantityMilli,
    unitPriceMinor,
    taxRateBps: 1_900,
  });
  const invoice = upsert('finance_entries', invoiceId, {
    kind: 'invoice',
    clientId,
    taskId,
    status: 'issued',
    currency: 'EUR',
    lineItems: [line('hours', 'Work, hours', 1_750, 6_200), line('pump', 'Pump P-200', 1_000, 18_100)],
  });
  for (const change of [client, invoice]) await pushOne(maria.api, maria.device, {change});
  return invoiceId;
}

async function readNumber(api: Api, invoiceId: string): Promise<string> {
  const {number} = await api.get<{number: string | null}>(`/v1/finance-entries/${invoiceId}`);
  claim('it has its number', number?.endsWith('-00001') === true, number);
  return number;
}

function printMessage({channel, to, subject, text}: Sent): void {
  print();
  entry(cyan(channel), [`to ${to}${subject === null ? '' : `, ${bold(subject)}`}`]);
  for (const part of text.trim().split('\n')) entry('', wrap(part, TEXT_WIDTH));
}

interface Documents {
  readonly mail: Sent;
  readonly sms: Sent;
  readonly number: string;
  readonly pdfFile: string | null;
}

async function readDocument(api: Api, {mail, sms, number, pdfFile}: Documents): Promise<void> {
  const bytes = await api.getBytes(`/v1/outbox/${mail.id}/document`);
  const path = /https?:\/\/[^/]+(\/\S+)$/.exec(sms.text)?.[1];
  claim('the SMS ends in a link', path !== undefined, sms.text);
  claim('its link leads to the same PDF', bytes.equals(await api.getBytes(path)), path);
  const pages = await readPdf(bytes);
  const text = pages.join('\n');
  for (const part of [number, 'Zoë Łuczak', 'Pump P-200', TOTAL])
    claim(`the PDF says ${part}`, text.includes(part), text);
  print();
  const size = `${bytes.length} bytes, ${pages.length} page`;
  entry(cyan('PDF'), [
    `${bold(mail.fileName)} ${dim(size)}, the same behind the link in the SMS`,
    ...text.split('\n').map((line) => green(line.trim())),
  ]);
  if (pdfFile === null) return;
  await writeFile(pdfFile, bytes);
  entry('', [`kept as ${pdfFile}`]);
}

/** Text of each page. */
async function readPdf(bytes: Uint8Array): Promise<string[]> {
  const library = await PDFiumLibrary.init();
  const document = await library.loadDocument(bytes);
  const pages = [...document.pages()].map((page) => page.getText());
  document.destroy();
  library.destroy();
  return pages;
}
