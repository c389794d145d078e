// Deliveries as managers see them, those that were written here instead of being sent, and another try for one that
// was given up.
import type {DeliveryJson, MessagePreview, OutboxMessage, OutboxQuery} from '#crdt/protocol/deliveries.ts';
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {
  findDelivery,
  findLocalMessage,
  listDeliveries as listRows,
  listLocalMessages,
  localMessagePlace,
  requeue,
  type DeliveryRow,
  type LocalMessageRow,
} from '#db/deliveries.ts';
import {appendAudit} from '#db/audit.ts';
import {recipientPlace} from '#db/group-deliveries.ts';
import {withTenant} from '#db/transaction.ts';
import {readBill} from '../invoices/read-bill.ts';
import type {RenderedInvoice} from '../invoices/render-invoice.ts';
import {pageOf, readPlace, type ListPage} from '../sync/list-place.ts';
import type {Member} from '../sync/members.ts';
import {requireManager} from '../sync/require-manager.ts';
import type {Service} from '../sync/service.ts';
import {partsOf} from './invoice-facts.ts';
import {renderMessage, templateLanguage} from './templates.ts';

type ListDeps = Pick<Service, 'pool' | 'tenantKeys' | 'fanOut' | 'now'>;

const utf8 = new TextDecoder();

export const openRecipient = (cipher: TenantCipher, {id, recipient}: DeliveryRow): string =>
  utf8.decode(cipher.open(recipient, recipientPlace(id)));

export const deliveryJson = (cipher: TenantCipher, row: DeliveryRow): DeliveryJson => ({
  id: row.id,
  invoiceId: row.invoiceId,
  channel: row.channel,
  recipient: openRecipient(cipher, row),
  state: row.state,
  attempts: row.attempts,
  nextAttemptAt: row.state === 'sending' ? null : (row.nextAt?.toISOString() ?? null),
  errorCode: row.lastErrorCode,
  providerId: row.providerId,
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

/** Throws SyncError `forbidden`, `not_found`. */
export async function listDeliveries(
  deps: ListDeps,
  member: Member,
  invoiceId: string,
): Promise<{items: DeliveryJson[]}> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const rows = await withTenant(deps.pool, tenantId, (client) => listRows(client, tenantId, invoiceId));
  if (rows.length === 0) await readBill(deps, tenantId, invoiceId);
  return {items: rows.map((row) => deliveryJson(cipher, row))};
}

const GIVEN_UP = new Set(['dead', 'failed', 'unknown']);

/**
 * Goes to the same address, with all its attempts before it again. Throws SyncError `forbidden`, `not_found`, and
 * `not_retryable` with the delivery as `current` where it is not given up.
 */
export async function retryDelivery(
  deps: ListDeps & {readonly onQueued?: (() => void) | undefined},
  member: Member,
  id: string,
): Promise<DeliveryJson> {
  requireManager(member);
  const {tenantId, userId, deviceId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const {row, lastSeq} = await withTenant(deps.pool, tenantId, async (client) => {
    const found = await findDelivery(client, tenantId, {id, lock: true});
    if (found === undefined) throw new SyncError('not_found');
    if (!GIVEN_UP.has(found.state) || found.nextAt !== null)
      throw new SyncError('not_retryable', {details: {current: deliveryJson(cipher, found)}});
    await requeue(client, tenantId, {id, at: new Date(deps.now())});
    const queued = (await findDelivery(client, tenantId, {id, lock: false})) ?? found;
    const {lastSeq: seq} = await appendAudit(client, tenantId, [
      {
        action: 'invoice.send',
        entity: 'finance_entries',
        recordId: found.invoiceId,
        userId,
        deviceId,
        summary: `Tried again by ${found.channel}.`,
        detail: null,
      },
    ]);
    return {row: queued, lastSeq: seq};
  });
  deps.fanOut.hinted(tenantId, lastSeq);
  deps.onQueued?.();
  return deliveryJson(cipher, row);
}

/** Throws SyncError `forbidden`, `not_found`. */
export async function previewMessage(
  deps: ListDeps,
  member: Member,
  {id, channel, language}: {id: string; channel: ChannelName; language: string | undefined},
): Promise<MessagePreview> {
  requireManager(member);
  const invoice = await readBill(deps, member.tenantId, id);
  const own = invoice.client?.language;
  const chosen = templateLanguage(language ?? (typeof own === 'string' ? own : null));
  const parts = partsOf(invoice, {language: chosen, link: '…'});
  return {channel, language: chosen, ...renderMessage(channel, chosen, parts)};
}

/** What a local message says, as sealed. */
export type LocalMessage = Pick<OutboxMessage, 'channel' | 'to' | 'subject' | 'text' | 'fileName'>;

/** Throws SyncError `forbidden`, `bad_cursor`. */
export async function listOutbox(
  deps: ListDeps,
  member: Member,
  {cursor, limit}: OutboxQuery,
): Promise<ListPage<OutboxMessage>> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const after = readPlace(cursor);
  const rows = await withTenant(deps.pool, tenantId, (client) =>
    listLocalMessages(client, tenantId, {after, limit: limit + 1}),
  );
  return pageOf(rows, {
    limit,
    cursor,
    placeOf: (row) => row,
    toItem: (row) => ({
      id: row.id,
      ...openLocalMessage(cipher, row),
      createdAt: row.createdAt.toISOString(),
    }),
  });
}

const openLocalMessage = (
  cipher: TenantCipher,
  {id, message}: Omit<LocalMessageRow, 'document'>,
): LocalMessage =>
  JSON.parse(utf8.decode(cipher.open(message, localMessagePlace(id, 'message')))) as LocalMessage;

/** The PDF of a local message. Throws SyncError `forbidden`, `not_found`. */
export async function readOutboxDocument(
  deps: ListDeps,
  member: Member,
  id: string,
): Promise<RenderedInvoice> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const row = await withTenant(deps.pool, tenantId, (client) => findLocalMessage(client, tenantId, id));
  if (row === undefined) throw new SyncError('not_found');
  const {fileName} = openLocalMessage(cipher, row);
  return {bytes: cipher.open(row.document, localMessagePlace(id, 'document')), fileName};
}
