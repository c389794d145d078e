// An invoice or credit note as committed, with whom it is from and to: what printing and sending start from. Past the
// lane and for the whole tenant; whether the caller may know of it is asked before.
import type {EntityName} from '#crdt/entities/entity.ts';
import {effectiveStatus, isBill} from '#crdt/entities/finance-status.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {readRecord} from '#db/records.ts';
import {readTenantName} from '#db/tenants.ts';
import {withTenantSnapshot} from '#db/transaction.ts';
import {openRecord, payloadOf} from '../sync/feed.ts';
import type {Service} from '../sync/service.ts';

export type BillDeps = Pick<Service, 'pool' | 'tenantKeys'>;

export interface Bill {
  readonly id: string;
  /** Feed position of its last change. */
  readonly seq: number;
  /** `draft`, `issued`, `sent` or `void`. */
  readonly status: string;
  /** As the record's payload: totals computed, lines in order. */
  readonly fields: JsonObject;
  /** The client's payload, deleted or not; null where the bill names none. */
  readonly client: JsonObject | null;
  /** Number of the invoice that a credit note belongs to; null where it names none, or one without. */
  readonly relatedNumber: string | null;
  readonly sellerName: string;
}

/** Throws SyncError `not_found`: no such record, a deleted one, or another kind of entry. */
export async function readBill({pool, tenantKeys}: BillDeps, tenantId: TenantId, id: string): Promise<Bill> {
  const cipher = await tenantKeys.cipherOf(tenantId);
  const {entry, client, related, sellerName} = await withTenantSnapshot(
    pool,
    tenantId,
    async (connection) => {
      const read = async (entity: EntityName, named: JsonValue | undefined) => {
        if (typeof named !== 'string') return null;
        const stored = await readRecord(connection, tenantId, {entity, id: named});
        return stored === undefined ? null : opened(cipher, stored);
      };
      const entry = await read('finance_entries', id);
      return {
        entry,
        client: await read('clients', entry?.clientId),
        related: await read('finance_entries', entry?.relatedEntryId),
        sellerName: (await readTenantName(connection, tenantId)) ?? '',
      };
    },
  );
  const isThere = entry !== null && isBill(entry) && (entry.deletedAt ?? null) === null;
  if (!isThere) throw new SyncError('not_found');
  return {
    id,
    seq: Number(entry.seq),
    status: effectiveStatus(entry),
    fields: entry,
    client,
    relatedNumber: typeof related?.number === 'string' ? related.number : null,
    sellerName,
  };
}

const opened = (cipher: TenantCipher, stored: Parameters<typeof openRecord>[1]): JsonObject =>
  JSON.parse(payloadOf(openRecord(cipher, stored))) as JsonObject;
