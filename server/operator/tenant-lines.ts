// A tenant's data as the lines of an export, in the order of docs/operations.md. Read in pages within one transaction,
// so that all of it is from one moment.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {listAudit, type AuditLogRow} from '#db/audit-log.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {listConflicts, type ConflictRow} from '#db/conflicts.ts';
import {listEveryDelivery, type DeliveryRow} from '#db/deliveries.ts';
import {listDevices, type DeviceRow} from '#db/devices.ts';
import {listInvitations, type ListedInvitationRow} from '#db/invitations.ts';
import {listMembers, type MemberRow} from '#db/memberships.ts';
import {listQuarantined, type QuarantineRow} from '#db/quarantine.ts';
import {readRecords, type VerifiedRecord} from '#db/verify-reads.ts';
import {deliveryJson} from '../sending/delivery-list.ts';
import {auditEntryJson} from '../sync/audit-log.ts';
import {conflictJson} from '../sync/conflict-json.ts';
import {memberJson} from '../sync/member-list.ts';
import {keptChangeJson} from '../sync/quarantine-json.ts';
import {openBody} from '../sync/open-record.ts';

/** Rows in memory at a time. A record may be 1 MB. */
const PAGE = 100;

export interface TenantReader {
  readonly client: pg.ClientBase;
  readonly tenantId: TenantId;
  readonly cipher: TenantCipher;
}

const utf8 = new TextDecoder();

/** Pages until one is not full. */
async function* paged<Row>(read: (last: Row | null) => Promise<Row[]>): AsyncGenerator<Row> {
  let last: Row | null = null;
  for (let isFull = true; isFull;) {
    const page: Row[] = await read(last);
    yield* page;
    last = page.at(-1) ?? null;
    isFull = page.length === PAGE;
  }
}

/** In order of id. */
export const recordsOf = (
  {client, tenantId}: Pick<TenantReader, 'client' | 'tenantId'>,
  entity: EntityName,
): AsyncGenerator<VerifiedRecord> =>
  paged<VerifiedRecord>((last) =>
    readRecords(client, tenantId, {entity, after: last?.id ?? '', limit: PAGE}),
  );

/** payload: as a pull answers it. document: the Yjs state. */
export function exportBody(
  cipher: TenantCipher,
  record: Pick<VerifiedRecord, 'entity' | 'id' | 'version' | 'body'>,
) {
  const {payload, state} = openBody(cipher, record);
  return {
    payload: JSON.parse(utf8.decode(payload)) as Readonly<Record<string, unknown>>,
    document: Buffer.from(state).toString('base64'),
  };
}

async function* recordLines(reader: TenantReader): AsyncGenerator<object> {
  for (const entity of Object.keys(entities) as EntityName[]) {
    for await (const record of recordsOf(reader, entity)) {
      const {id, seq, generation, deleted, updatedAt} = record;
      const {payload, document} = exportBody(reader.cipher, record);
      yield {kind: 'record', entity, id, seq, generation, deleted, updatedAt, payload, document};
    }
  }
}

async function* peopleLines({client, tenantId}: TenantReader): AsyncGenerator<object> {
  const page = {status: undefined, limit: PAGE};
  const members = paged<MemberRow>((after) => listMembers(client, tenantId, {...page, after}));
  for await (const row of members) yield {kind: 'member', ...memberJson(row)};
  const invitations = paged<ListedInvitationRow>((after) =>
    listInvitations(client, tenantId, {...page, after}),
  );
  for await (const row of invitations) yield {kind: 'invitation', ...row};
  const devices = paged<DeviceRow>((after) =>
    listDevices(client, tenantId, {userId: null, after, limit: PAGE}),
  );
  for await (const row of devices) yield {kind: 'device', ...row};
}

async function* reviewLines({client, tenantId, cipher}: TenantReader): AsyncGenerator<object> {
  const page = {status: undefined, limit: PAGE};
  const conflicts = paged<ConflictRow>((last) =>
    listConflicts(client, tenantId, {...page, after: last ?? {seq: 0, id: null}}),
  );
  for await (const row of conflicts) yield {kind: 'conflict', ...conflictJson(cipher, row)};
  const kept = paged<QuarantineRow>((last) =>
    listQuarantined(client, tenantId, {
      ...page,
      after: last === null ? null : {createdAt: last.arrivedAt, id: last.id},
    }),
  );
  for await (const row of kept) yield {kind: 'kept-change', ...keptChangeJson(cipher, row, undefined)};
}

/** All but the first line, the files and the last. */
export async function* tenantLines(reader: TenantReader): AsyncGenerator<object> {
  const {client, tenantId, cipher} = reader;
  yield* peopleLines(reader);
  yield* recordLines(reader);
  yield* reviewLines(reader);
  const deliveries = paged<DeliveryRow>((after) => listEveryDelivery(client, tenantId, {after, limit: PAGE}));
  for await (const row of deliveries) yield {kind: 'delivery', ...deliveryJson(cipher, row)};
  const log = paged<AuditLogRow>((last) => listAudit(client, tenantId, {after: last?.seq ?? 0, limit: PAGE}));
  for await (const row of log) yield {kind: 'audit', ...auditEntryJson(cipher, row)};
}
