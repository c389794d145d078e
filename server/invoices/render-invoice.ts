// An invoice or credit note as a PDF. Called by the REST edge and by whoever sends or keeps one.
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {PrintBill} from './printer.ts';
import {readBill, type Bill, type BillDeps} from './read-bill.ts';

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
 * so is a void document: a sender looks at the status first (readBill). Throws SyncError `not_found`, `overloaded`.
 */
export async function renderInvoice(
  deps: RenderDeps,
  tenantId: TenantId,
  id: string,
): Promise<RenderedInvoice> {
  return renderBill(deps, await readBill(deps, tenantId, id));
}

/** The same of one that is read already. */
export async function renderBill({print}: Pick<RenderDeps, 'print'>, bill: Bill): Promise<RenderedInvoice> {
  return {bytes: await print(bill), fileName: fileNameOf(bill)};
}

export function fileNameOf({id, fields}: Pick<Bill, 'id' | 'fields'>): string {
  const {number} = fields;
  return typeof number === 'string' ? `${number}.pdf` : `draft-${id}.pdf`;
}
