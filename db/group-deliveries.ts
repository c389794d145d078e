// Messages that a group of changes sends out: the lane's last statement puts them into the outbox with the change that
// marks their invoice as sent, so neither is ever there without the other.
import type {ChannelName} from '#crdt/protocol/deliveries.ts';
import {cut, type GroupStatement} from './group-statement.ts';

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

export function addDeliveries(statement: GroupStatement, deliveries: readonly DeliveryWrite[]): void {
  const {blob} = statement;
  const json = deliveries.map((one) => {
    const version = blob.add(one.invoiceVersion);
    const recipient = blob.add(one.recipient);
    const hash = blob.add(one.recipientHash);
    return {
      id: one.deliveryId,
      invoice_id: one.invoiceId,
      version_from: version.from,
      version_length: version.length,
      invoice_seq: one.invoiceSeq,
      channel: one.channel,
      recipient_from: recipient.from,
      recipient_length: recipient.length,
      hash_from: hash.from,
      hash_length: hash.length,
      language: one.language,
      request_key: one.requestKey,
      created_by: one.createdBy,
      created_at: one.createdAt,
    };
  });
  const rows = statement.add(JSON.stringify(json));
  statement.part(
    'outgoing',
    () => `outgoing AS (
      INSERT INTO deliveries (tenant_id, id, invoice_id, invoice_version, invoice_seq, channel, recipient, recipient_hash,
        language, request_key, created_by, created_at, updated_at, next_at)
      SELECT $1, r.id, r.invoice_id, ${cut('version')}, r.invoice_seq, r.channel, ${cut('recipient')}, ${cut('hash')},
        r.language, r.request_key, r.created_by, r.created_at, r.created_at, r.created_at
      FROM counter, json_to_recordset(${rows}::json) AS r (id uuid, invoice_id uuid, version_from int, version_length int,
        invoice_seq bigint, channel text, recipient_from int, recipient_length int, hash_from int, hash_length int,
        language text, request_key uuid, created_by uuid, created_at timestamptz)
      ON CONFLICT DO NOTHING)`,
  );
}
