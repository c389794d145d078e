// The PDF that somebody attached to an invoice as its document: it goes out in place of a printed one.
import {ATTACHMENT_BYTES_MAX} from '#crdt/entities/attachments.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {findInvoicePdf} from '#db/attachments.ts';
import {withTenant} from '#db/transaction.ts';
import {keyOfName} from '../files/file-store.ts';
import {readFile} from '../files/server-files.ts';
import type {Service} from '../sync/service.ts';
import {readBill, type Bill} from './read-bill.ts';
import {fileNameOf, renderBill, type RenderDeps, type RenderedInvoice} from './render-invoice.ts';

export type DocumentDeps = RenderDeps & Pick<Service, 'pool' | 'files'>;

/** `readDocument` of one that is not read yet. Throws SyncError `not_found`, `overloaded`. */
export const readDocumentOf = async (
  deps: DocumentDeps,
  tenantId: TenantId,
  id: string,
): Promise<RenderedInvoice> => readDocument(deps, tenantId, await readBill(deps, tenantId, id));

/**
 * What goes out as the document of an issued bill: the PDF that was attached to it as such, else one printed from it. A draft
 * and a void one are always printed, with that across their pages.
 */
export async function readDocument(
  deps: DocumentDeps,
  tenantId: TenantId,
  bill: Bill,
): Promise<RenderedInvoice> {
  const isOut = bill.status === 'issued' || bill.status === 'sent';
  const bytes = isOut ? await readLinkedPdf(deps, tenantId, bill.id) : null;
  return bytes === null ? renderBill(deps, bill) : {bytes, fileName: fileNameOf(bill)};
}

/**
 * The newest one that is uploaded, as it was; null if there is none. Past the lane and for the whole tenant; whether the
 * caller may know of it is asked before. Throws what the file store throws while it is away.
 */
export async function readLinkedPdf(
  {pool, files}: Pick<Service, 'pool' | 'files'>,
  tenantId: TenantId,
  invoiceId: string,
): Promise<Uint8Array | null> {
  const found = await withTenant(pool, tenantId, (client) => findInvoicePdf(client, tenantId, invoiceId));
  if (found === undefined) return null;
  return readFile(files, {...keyOfName(tenantId, found.key), bytesMax: ATTACHMENT_BYTES_MAX});
}
