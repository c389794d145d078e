// One attempt at one delivery: makes the message, hands it to its channel, and decides what the outcome means. The only
// doubt is a provider that was asked and did not answer; see docs/sending.md for what follows from it.
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {localMessagePlace} from '#db/deliveries.ts';
import {
  noteHandOver,
  saveLocal,
  saveNotSent,
  saveSent,
  type ClaimedDelivery,
  type NotSent,
} from '#db/delivery-queue.ts';
import type {PrintBill} from '../invoices/printer.ts';
import {readBill} from '../invoices/read-bill.ts';
import {readDocument} from '../invoices/linked-pdf.ts';
import type {Service} from '../sync/service.ts';
import type {Channel, OutgoingMessage, SendOutcome} from './channel.ts';
import {openRecipient, type LocalMessage} from './delivery-list.ts';
import {linkPath} from './document-link.ts';
import {isIssued, partsOf} from './invoice-facts.ts';
import {renderMessage, templateLanguage} from './templates.ts';

export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>;

export interface DeliverDeps extends Pick<Service, 'pool' | 'tenantKeys' | 'files' | 'now'> {
  /** One that is absent has no provider: its messages are written to the local outbox. */
  readonly channels: Channels;
  /** Where this server is reached from outside; without a slash at its end. */
  readonly publicUrl: string;
  readonly print: PrintBill;
  /** The database was away, or a document was not made; the attempt is made again. */
  readonly onFault: (error: unknown) => void;
  /** 0 to 1. */
  readonly random: () => number;
}

export const ATTEMPTS_MAX = 8;
/** Attempts of unknown outcome after which an e-mail or WhatsApp message is given up: one duplicate at most. */
const UNKNOWNS_MAX = 2;
const BACKOFF_MS = 30_000;
const BACKOFF_MS_MAX = 6 * 60 * 60_000;
/** Before the list of a provider is asked for a message that may still be on its way into it. */
const LOOK_UP_AFTER_MS = 60_000;
/** Until a channel is tried again whose settings the provider refused. */
const PARKED_MS = 15 * 60_000;

/** attempts: those made so far, from 1. Up to a quarter is added, so that what failed together does not return together. */
export const backoffMs = (attempts: number, random: number): number =>
  Math.min(2 ** attempts * BACKOFF_MS, BACKOFF_MS_MAX) * (1 + random / 4);

export type DeliveredAs = 'sent' | 'local' | NotSent['state'] | 'parked';

/** Makes one attempt at what was claimed. Rejects only if the database does, and then the lease ends by itself. */
export async function deliver(deps: DeliverDeps, claimed: ClaimedDelivery): Promise<DeliveredAs> {
  const {pool, now} = deps;
  const {tenantId, id, attempts, channel: name, unknowns} = claimed;
  const channel = deps.channels[name];
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const message = await makeMessage(deps, claimed, cipher);
  if ('code' in message) return settle(deps, claimed, {kind: message.kind, code: message.code});
  if (channel === undefined) {
    await saveLocal(pool, tenantId, {id, at: new Date(now()), ...sealLocal(cipher, name, message)});
    return 'local';
  }
  if (unknowns > 0) {
    const known = await resolveUnknown(deps, claimed, {channel, message});
    if (known !== null) return known;
  }
  // The lease went to another worker while the message was made: it is theirs.
  if (!(await noteHandOver(pool, tenantId, {id, attempts}))) return 'queued';
  return settle(deps, claimed, await channel.send(message));
}

/** What is known of earlier attempts without an answer. Null: it may be sent once more. */
async function resolveUnknown(
  deps: DeliverDeps,
  claimed: ClaimedDelivery,
  {channel, message}: {channel: Channel; message: OutgoingMessage},
): Promise<DeliveredAs | null> {
  if (channel.lookUp === undefined) {
    if (claimed.unknowns < UNKNOWNS_MAX) return null;
    return settle(deps, claimed, {kind: 'given up', code: `${claimed.channel}_no_answer`});
  }
  const found = await channel.lookUp(message);
  if (found.kind === 'absent') return null;
  return settle(deps, claimed, found);
}

async function settle(
  deps: DeliverDeps,
  claimed: ClaimedDelivery,
  outcome: SendOutcome | {readonly kind: 'given up'; readonly code: string},
): Promise<DeliveredAs> {
  const {pool, now, random} = deps;
  const {tenantId, id, attempts, unknowns} = claimed;
  const at = new Date(now());
  const later = (ms: number): Date => new Date(at.getTime() + ms);
  const save = async (
    rest: Pick<NotSent, 'state' | 'nextAt'> & Partial<Pick<NotSent, 'unknowns' | 'isCounted'>>,
  ): Promise<NotSent['state']> => {
    const errorCode = outcome.kind === 'sent' ? '' : outcome.code;
    await saveNotSent(pool, tenantId, {id, attempts, at, errorCode, unknowns: 0, isCounted: true, ...rest});
    return rest.state;
  };
  switch (outcome.kind) {
    case 'sent':
      await saveSent(pool, tenantId, {id, providerId: outcome.providerId, at});
      return 'sent';
    case 'refused':
      return save({state: 'failed', nextAt: null});
    case 'parked':
      await save({state: 'queued', nextAt: later(PARKED_MS), isCounted: false});
      return 'parked';
    case 'retry':
      if (attempts >= ATTEMPTS_MAX) return save({state: 'dead', nextAt: null});
      return save({state: 'queued', nextAt: later(backoffMs(attempts, random()))});
    case 'given up':
      return save({state: 'unknown', nextAt: null});
    case 'unknown': {
      const canLookUp = deps.channels[claimed.channel]?.lookUp !== undefined;
      const isLast = attempts >= ATTEMPTS_MAX || (!canLookUp && unknowns + 1 >= UNKNOWNS_MAX);
      const nextAt = later(Math.max(LOOK_UP_AFTER_MS, backoffMs(attempts, random())));
      return save({state: 'unknown', nextAt: isLast ? null : nextAt, unknowns: 1});
    }
  }
}

type Unmade = {readonly kind: 'retry' | 'refused'; readonly code: string};

async function makeMessage(
  deps: DeliverDeps,
  claimed: ClaimedDelivery,
  cipher: TenantCipher,
): Promise<OutgoingMessage | Unmade> {
  const {tenantId, id, invoiceId, channel} = claimed;
  try {
    const bill = await readBill(deps, tenantId, invoiceId);
    if (!isIssued(bill)) return {kind: 'refused', code: 'not_issued'};
    const language = templateLanguage(claimed.language);
    const parts = partsOf(bill, {language, link: `${deps.publicUrl}${linkPath(cipher, id)}`});
    const {subject, text} = renderMessage(channel, language, parts);
    const document = await readDocument(deps, tenantId, bill);
    return {
      deliveryId: id,
      to: openRecipient(cipher, claimed),
      subject,
      text,
      parts: {...parts, language},
      document,
    };
  } catch (error) {
    if (error instanceof SyncError && error.code === 'not_found')
      return {kind: 'refused', code: 'not_issued'};
    deps.onFault(error);
    return {kind: 'retry', code: 'document'};
  }
}

function sealLocal(
  cipher: TenantCipher,
  channel: ChannelName,
  {deliveryId, to, subject, text, document}: OutgoingMessage,
): {message: Uint8Array; document: Uint8Array} {
  const local: LocalMessage = {channel, to, subject, text, fileName: document.fileName};
  const seal = (bytes: Uint8Array, column: 'message' | 'document') =>
    cipher.seal(bytes, localMessagePlace(deliveryId, column));
  return {
    message: seal(new TextEncoder().encode(JSON.stringify(local)), 'message'),
    document: seal(document.bytes, 'document'),
  };
}
