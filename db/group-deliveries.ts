// Messages that a group of changes sends out: the lane's last statement puts them into the outbox with the change that
// marks their invoice as sent, so neither is ever there without the other.
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import {cut, type GroupStatement} from './group-statement.ts';
import {sourceColumns} from './row-source.ts';

export interface DeliveryWrite {
  readonly deliveryId: string;
  readonly invoiceId: string;
  readonly invoiceVersion: Uint8Array;
  readonly invoiceSeq: number;
  readonly channel: ChannelName;
  /** Sealed; see recipientPlace. */
  readonly recipient: Uint8Array;
  readonly recipientHash: Uint8Array;
  readonly language: string;
  readonly requestKey: string | null;
  readonly createdBy: string;
  /** ISO 8601; due at once. */
  readonly createdAt: string;
}

export const recipientPlace = (deliveryId: string) => ({
  table: 'deliveries',
  column: 'recipient',
  record: deliveryId,
  version: 0,
});

const deliveryColumns = sourceColumns(
  `id uuid, invoice_id uuid, version_from int, version_length int, invoice_seq bigint, channel text,
   recipient_from int, recipient_length int, hash_from int, hash_length int, language text, request_key uuid,
   created_by uuid, created_at timestamptz`,
);

export function addDeliveries(statement: GroupStatement, deliveries: readonly DeliveryWrite[]): void {
  const {blob} = statement;
  const rows = deliveries.map((one) => {
    const version = blob.add(one.invoiceVersion);
    const recipient = blob.add(one.recipient);
    const hash = blob.add(one.recipientHash);
    return [
      one.deliveryId,
      one.invoiceId,
      version.from,
      version.length,
      one.invoiceSeq,
      one.channel,
      recipient.from,
      recipient.length,
      hash.from,
      hash.length,
      one.language,
      one.requestKey,
      one.createdBy,
      one.createdAt,
    ];
  });
  const source = statement.addRows(deliveryColumns, rows);
  statement.part(
    'outgoing',
    () => `outgoing AS (
      INSERT INTO deliveries (tenant_id, id, invoice_id, invoice_version, invoice_seq, channel, recipient, recipient_hash,
        language, request_key, created_by, created_at, updated_at, next_at)
      SELECT $1, r.id, r.invoice_id, ${cut('version')}, r.invoice_seq, r.channel, ${cut('recipient')}, ${cut('hash')},
        r.language, r.request_key, r.created_by, r.created_at, r.created_at, r.created_at
      FROM counter, ${source()}
      ON CONFLICT DO NOTHING)`,
  );
}
