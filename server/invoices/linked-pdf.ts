// The PDF that somebody attached to an invoice as its document: it goes out in place of a printed one.
import {ATTACHMENT_BYTES_MAX} from '#crdt/entities/attachments.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {findInvoicePdf} from '#db/attachments.ts';
import {withTenant} from '#db/transaction.ts';
import {keyOfName} from '../files/file-store.ts';
import {readFile} from '../files/server-files.ts';
import type {Service} from '../sync/service.ts';

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
