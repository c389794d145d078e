// Sending an invoice: decides per channel whether it may go that way, and hands what goes to the lane together with the
// change that marks the invoice as sent. The worker takes it from there.
import {randomUUID} from 'node:crypto';
import type {JsonObject} from '#crdt/json.ts';
import type {ChannelName, RefusedChannel, SendResponse} from '#crdt/protocol/deliveries.ts';
import {errorCodes, SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {listDeliveries, type DeliveryRow} from '#db/deliveries.ts';
import {recipientPlace, type DeliveryWrite} from '#db/group-deliveries.ts';
import {withTenant} from '#db/transaction.ts';
import {readBill, type Bill} from '../invoices/read-bill.ts';
import {derivedUuid} from '../sync/devices.ts';
import type {Member} from '../sync/members.ts';
import {requireManager} from '../sync/require-manager.ts';
import type {Service} from '../sync/service.ts';
import {deliveryJson} from './delivery-list.ts';
import {hasConsent, isIssued, printedFields, recipientOf} from './invoice-facts.ts';
import {templateLanguage} from './templates.ts';

type SendDeps = Pick<Service, 'pool' | 'lanes' | 'tenantKeys' | 'now'> & {
  /** Something may be due at once. */
  readonly onQueued?: (() => void) | undefined;
};

export interface SendRequest {
  readonly id: string;
  readonly channels: readonly ChannelName[];
  /** A request under the same key sends nothing more, whatever device it comes from. */
  readonly key: string | undefined;
}

/** Attempts on an invoice that others change meanwhile. */
const ROUNDS_MAX = 8;

/**
 * Answers one entry per channel: its delivery, made now or before, or why it does not go that way. Throws SyncError
 * `forbidden` for employees, `not_found`, `not_issued`, `overloaded`, `not_ready`.
 */
export async function sendInvoice(
  deps: SendDeps,
  member: Member,
  {id, channels, key}: SendRequest,
): Promise<SendResponse> {
  requireManager(member);
  const {tenantId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const invoice = await readBill(deps, tenantId, id);
    const rows = await withTenant(deps.pool, tenantId, (client) => listDeliveries(client, tenantId, id));
    const entries = channels.map((channel) =>
      entryFor(cipher, {invoice, rows, channel, key, member, now: deps.now()}),
    );
    const made = entries.flatMap((entry) => (entry.kind === 'made' ? [entry.write] : []));
    if (made.length === 0) {
      const isAnswered = entries.some(({kind}) => kind === 'known');
      if (!isAnswered && !isIssued(invoice)) throw new SyncError('not_issued');
      return {deliveries: entries.flatMap((entry) => answerOf(cipher, entry))};
    }
    if (!isIssued(invoice)) throw new SyncError('not_issued');
    // Once more round: what is answered is what is there, whoever made it.
    if (await submit(deps, member, {invoice, sends: made, key})) deps.onQueued?.();
  }
  throw new SyncError('overloaded');
}

type Entry =
  | {readonly kind: 'known'; readonly row: DeliveryRow}
  | {readonly kind: 'refused'; readonly refusal: RefusedChannel}
  | {readonly kind: 'made'; readonly write: DeliveryWrite};

const answerOf = (cipher: TenantCipher, entry: Entry): SendResponse['deliveries'] => {
  if (entry.kind === 'made') return [];
  return [entry.kind === 'known' ? deliveryJson(cipher, entry.row) : entry.refusal];
};

function entryFor(
  cipher: TenantCipher,
  {
    invoice,
    rows,
    channel,
    key,
    member,
    now,
  }: {
    invoice: Bill;
    rows: readonly DeliveryRow[];
    channel: ChannelName;
    key: string | undefined;
    member: Member;
    now: number;
  },
): Entry {
  const own = rows.filter((row) => row.channel === channel);
  const asked = key === undefined ? undefined : own.find(({requestKey}) => requestKey === key);
  if (asked !== undefined) return {kind: 'known', row: asked};
  const {client} = invoice;
  const refuse = (code: RefusedChannel['error']['code']): Entry => ({
    kind: 'refused',
    refusal: {channel, state: 'refused', error: {code, message: errorCodes[code].cause}},
  });
  if (client?.preferredChannel === 'none') return refuse('messages_unwanted');
  const recipient = client === null ? null : recipientOf(client, channel);
  if (client === null || recipient === null) return refuse('no_recipient');
  if (!hasConsent(client, channel)) return refuse('no_consent');
  const invoiceVersion = versionOf(cipher, invoice, recipient);
  const same = own.find((row) => row.invoiceVersion.equals(invoiceVersion));
  if (same !== undefined) return {kind: 'known', row: same};
  const deliveryId = randomUUID();
  return {
    kind: 'made',
    write: {
      deliveryId,
      invoiceId: invoice.id,
      invoiceVersion,
      invoiceSeq: invoice.seq,
      channel,
      recipient: cipher.seal(Buffer.from(recipient), recipientPlace(deliveryId)),
      recipientHash: cipher.fingerprint(
        {table: 'deliveries', column: 'recipient_hash'},
        `${channel} ${recipient}`,
      ),
      language: languageOf(client),
      requestKey: key ?? null,
      createdBy: member.userId,
      createdAt: new Date(now).toISOString(),
    },
  };
}

const languageOf = ({language}: JsonObject): string =>
  templateLanguage(typeof language === 'string' ? language : null);

const versionOf = (cipher: TenantCipher, invoice: Bill, recipient: string): Uint8Array =>
  cipher.fingerprint(
    {table: 'deliveries', column: 'invoice_version'},
    JSON.stringify([printedFields(invoice), recipient]),
  );

/** False: the invoice changed meanwhile, and nothing was done. */
async function submit(
  {lanes, now}: SendDeps,
  {tenantId, userId, deviceId}: Member,
  {invoice, sends, key}: {invoice: Bill; sends: readonly DeliveryWrite[]; key: string | undefined},
): Promise<boolean> {
  const at = now();
  const channels = sends.map(({channel}) => channel).join(',');
  // Named also without a key: after a commit of unknown outcome the lane must not take its own for another's.
  const changeId =
    key === undefined ? randomUUID() : derivedUuid('send', key, invoice.id, channels, String(invoice.seq));
  const receipt = await lanes.submit({
    tenantId,
    userId,
    deviceId,
    change: {
      kind: 'json',
      op: 'upsert',
      entity: 'finance_entries',
      id: invoice.id,
      changeId,
      at,
      base: {kind: 'current'},
      payload: {status: 'sent'},
    },
    now: at,
    offset: 0,
    changeId,
    precondition: {kind: 'present', seqs: [invoice.seq]},
    sends,
  });
  if (receipt.kind === 'applied' || receipt.kind === 'unchanged') return true;
  if (receipt.kind !== 'rejected') throw new SyncError('internal');
  if (receipt.error.code === 'precondition_failed') return false;
  throw new SyncError(receipt.error.code, {message: receipt.error.message});
}
