// Draws an invoice or credit note.
import PDFDocument from 'pdfkit';
import type {Bill} from './read-bill.ts';

const EPOCH = new Date(0);

/** The same bill, the same bytes. */
export async function printDocument({fields, sellerName}: Bill): Promise<Uint8Array> {
  const pdf = new PDFDocument({size: 'A4', info: {CreationDate: EPOCH, ModDate: EPOCH}});
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', resolve);
    pdf.on('error', reject);
  });
  pdf.text([sellerName, fields.number, fields.totalMinor].map((value) => JSON.stringify(value)).join('\n'));
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}
