// An invoice or credit note as committed, with whom it is from and to: what printing and sending start from. Past the
// lane and for the whole tenant; whether the caller may know of it is asked before.
import {effectiveStatus, isBill} from '#crdt/entities/finance-status.ts';
import type {JsonObject} from '#crdt/json.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {readRecord, type RecordKey} from '#db/records.ts';
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
  /** The client's payload; null where it names none, or one that does not exist. */
  readonly client: JsonObject | null;
  readonly sellerName: string;
}

/** Throws SyncError `not_found`: no such record, a deleted one, or another kind of entry. */
export async function readBill({pool, tenantKeys}: BillDeps, tenantId: TenantId, id: string): Promise<Bill> {
  const cipher = await tenantKeys.cipherOf(tenantId);
  const {entry, client, sellerName} = await withTenantSnapshot(pool, tenantId, async (connection) => {
    const read = async (key: RecordKey) => {
      const stored = await readRecord(connection, tenantId, key);
      return stored === undefined || stored.deleted ? null : opened(cipher, stored);
    };
    const entry = await read({entity: 'finance_entries', id});
    const clientId = entry?.clientId;
    return {
      entry,
      client: typeof clientId === 'string' ? await read({entity: 'clients', id: clientId}) : null,
      sellerName: (await readTenantName(connection, tenantId)) ?? '',
    };
  });
  if (entry === null || !isBill(entry)) throw new SyncError('not_found');
  return {id, seq: Number(entry.seq), status: effectiveStatus(entry), fields: entry, client, sellerName};
}

const opened = (cipher: TenantCipher, stored: Parameters<typeof openRecord>[1]): JsonObject =>
  JSON.parse(payloadOf(openRecord(cipher, stored))) as JsonObject;
