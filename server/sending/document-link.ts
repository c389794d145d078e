// Links to an invoice's PDF, for SMS: short, signed under the tenant's key, and good for LINK_DAYS.
import {timingSafeEqual} from 'node:crypto';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {dashed, isUuid} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {findDelivery, findDeliveryTenant} from '#db/deliveries.ts';
import {withTenant} from '#db/transaction.ts';
import {readDocumentOf, type DocumentDeps} from '../invoices/linked-pdf.ts';
import type {RenderedInvoice} from '../invoices/render-invoice.ts';
import type {Service} from '../sync/service.ts';

/** Days from when a message was asked for. */
export const LINK_DAYS = 30;
const DAY_MS = 24 * 60 * 60_000;
const SIGNATURE_BYTES = 12;

const signatureOf = (cipher: TenantCipher, deliveryId: string): Buffer =>
  Buffer.from(cipher.fingerprint({table: 'deliveries', column: 'link'}, deliveryId)).subarray(
    0,
    SIGNATURE_BYTES,
  );

/** The same every time, so that a message sent again is recognised by its text. */
export function linkPath(cipher: TenantCipher, deliveryId: string): string {
  const id = Buffer.from(deliveryId.replaceAll('-', ''), 'hex');
  return `/v1/i/${Buffer.concat([id, signatureOf(cipher, deliveryId)]).toString('base64url')}`;
}

/** Throws SyncError `not_found` for a token that this server did not make, `link_expired`. */
export async function openLink(
  deps: DocumentDeps & Pick<Service, 'now'>,
  token: string,
): Promise<RenderedInvoice> {
  const {pool, tenantKeys, now} = deps;
  const bytes = Buffer.from(token, 'base64url');
  const id = dashed(bytes.toString('hex', 0, 16));
  // Decoding is lenient: several texts read as the same bytes, and one of them is the link.
  const isExact = bytes.toString('base64url') === token;
  if (!isExact || bytes.length !== 16 + SIGNATURE_BYTES || !isUuid(id)) throw new SyncError('not_found');
  const found = await findDeliveryTenant(pool, {id, channel: 'sms', providerId: null});
  if (found === undefined) throw new SyncError('not_found');
  const {tenantId} = found;
  const expected = signatureOf(await tenantKeys.cipherOf(tenantId), id);
  if (!timingSafeEqual(expected, bytes.subarray(16))) throw new SyncError('not_found');
  const row = await withTenant(pool, tenantId, (client) => findDelivery(client, tenantId, {id, lock: false}));
  if (row === undefined) throw new SyncError('not_found');
  if (now() - row.createdAt.getTime() > LINK_DAYS * DAY_MS) throw new SyncError('link_expired');
  return readDocumentOf(deps, tenantId, row.invoiceId);
}
