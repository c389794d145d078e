// An invoice or credit note printed as a PDF.
import type {PrintBill} from './printer.ts';
import type {Bill, BillDeps} from './read-bill.ts';

export interface RenderDeps extends BillDeps {
  readonly print: PrintBill;
}

export interface RenderedInvoice {
  readonly bytes: Uint8Array;
  /** ASCII; ends in `.pdf`. */
  readonly fileName: string;
}

/**
 * The same record, client and tenant name give the same bytes. A draft is printed too, across it that it is one, and
 * so is a void document: a sender looks at the status first. Throws SyncError `overloaded`.
 */
export async function renderBill({print}: Pick<RenderDeps, 'print'>, bill: Bill): Promise<RenderedInvoice> {
  return {bytes: await print(bill), fileName: fileNameOf(bill)};
}

export function fileNameOf({id, fields}: Pick<Bill, 'id' | 'fields'>): string {
  const {number} = fields;
  return typeof number === 'string' ? `${number}.pdf` : `draft-${id}.pdf`;
}
