// Proves a database: every record's row rebuilt from its document, the log without gaps, its chain whole, numbers
// without gaps, conflicts and kept changes readable. Each tenant is read as it was at one moment, so the server may run meanwhile.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {columnName} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {canOpen, type Keyring, type TenantCipher} from '#db/cipher.ts';
import {conflictPlace} from '#db/conflicts.ts';
import {quarantinePlace} from '#db/quarantine.ts';
import {findScopeFault} from '#db/scope.ts';
import {createTenantKeys} from '#db/tenant-keys.ts';
import {withTenantSnapshot} from '#db/transaction.ts';
import {
  countNumbers,
  countSeries,
  findOrphanRows,
  listTenantIds,
  readConflicts,
  readCounter,
  readQuarantined,
  readRecords,
  readTypedRows,
} from '#db/verify-reads.ts';
import {verifyLog} from './verify-log.ts';
import {verifyRecord} from './verify-record.ts';

/** `place` names row and column; values are never in it. */
export interface VerifyFault {
  readonly tenantId: TenantId;
  readonly place: string;
  readonly message: string;
}

export interface VerifyReport {
  readonly tenants: number;
  readonly records: number;
  readonly changes: number;
  readonly conflicts: number;
  /** At most FAULTS_MAX of each tenant. */
  readonly faults: readonly VerifyFault[];
}

const FAULTS_MAX = 100;
const PAGE = 500;

interface Check {
  readonly client: pg.ClientBase;
  readonly tenantId: TenantId;
  readonly cipher: TenantCipher;
  readonly report: (place: string, message: string) => void;
}

export async function verifyDatabase({
  pool,
  keyring,
}: {
  pool: pg.Pool;
  keyring: Keyring;
}): Promise<VerifyReport> {
  const keys = createTenantKeys({pool, keyring});
  const total = {tenants: 0, records: 0, changes: 0, conflicts: 0, faults: [] as VerifyFault[]};
  for (const tenantId of await listTenantIds(pool)) {
    const faults: VerifyFault[] = [];
    const report = (place: string, message: string): void => {
      if (faults.length < FAULTS_MAX) faults.push({tenantId, place, message});
    };
    const cipher = await keys.cipherOf(tenantId).catch(() => null);
    total.tenants++;
    if (cipher === null) {
      report('tenants.wrapped_key', 'cannot be opened with the master keys given');
    } else {
      const counts = await withTenantSnapshot(pool, tenantId, (client) =>
        verifyTenant({client, tenantId, cipher, report}),
      );
      total.records += counts.records;
      total.changes += counts.changes;
      total.conflicts += counts.conflicts;
    }
    total.faults.push(...faults);
  }
  return total;
}

async function verifyTenant(check: Check): Promise<{records: number; changes: number; conflicts: number}> {
  const {client, tenantId, cipher, report} = check;
  const counter = await readCounter(client, tenantId);
  if (counter === undefined) {
    report('tenant_counters', 'has no row for the tenant');
    return {records: 0, changes: 0, conflicts: 0};
  }
  const changes = await verifyLog(client, tenantId, {counter, cipher, report});
  let records = 0;
  for (const entity of Object.keys(entities) as EntityName[]) records += await verifyEntity(check, entity);
  await verifyNumbers(check);
  await verifyScope(check);
  await verifyQuarantined(check);
  return {records, changes, conflicts: await verifyConflicts(check, counter.seq)};
}

async function verifyEntity({client, tenantId, cipher, report}: Check, entity: EntityName): Promise<number> {
  let count = 0;
  let after = '';
  for (let more = true; more;) {
    const page = await readRecords(client, tenantId, {entity, after, limit: PAGE});
    const rows = await readTypedRows(client, tenantId, {entity, ids: page.map(({id}) => id)});
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    for (const stored of page) {
      const faults = verifyRecord(entities[entity], {stored, row: rowsById.get(stored.id), cipher});
      for (const {place, message} of faults) report(`${entity} ${stored.id} ${place}`, message);
    }
    count += page.length;
    after = page.at(-1)?.id ?? '';
    more = page.length === PAGE;
  }
  for (const id of await findOrphanRows(client, tenantId, entity))
    report(`${entity} ${id}`, 'has no document');
  return count;
}

async function verifyNumbers({client, tenantId, report}: Check): Promise<void> {
  const givenBySeries = new Map<string, number>();
  for (const {name, numbering} of Object.values(entities)) {
    if (numbering === undefined) continue;
    const column = columnName(numbering.field);
    for (const {series, given, distinct, last} of await countNumbers(client, tenantId, {
      entity: name,
      column,
    })) {
      const key = series ?? numbering.seriesOf({}, '') ?? '';
      if (distinct !== given) report(`${name} ${column}`, `holds a number of ${key} twice`);
      else if (last !== given) report(`${name} ${column}`, `has a gap among its ${given} numbers of ${key}`);
      givenBySeries.set(key, given);
    }
  }
  const taken = new Map((await countSeries(client, tenantId)).map((row) => [row.key, row.taken]));
  for (const key of new Set([...taken.keys(), ...givenBySeries.keys()])) {
    const gaveOut = taken.get(key) ?? 0;
    const given = givenBySeries.get(key) ?? 0;
    if (gaveOut !== given) report(`series ${key}`, `gave out ${gaveOut} numbers, but records bear ${given}`);
  }
}

async function verifyScope({client, tenantId, report}: Check): Promise<void> {
  const fault = await findScopeFault(client, tenantId);
  if (fault === undefined) return;
  const {userId, entity, id, granted, count} = fault;
  const verdict = granted ? 'is granted and must not be' : 'is not granted and must be';
  report(`record_access ${userId} ${entity} ${id}`, `${verdict} (${count} of the kind)`);
}

async function verifyQuarantined({client, tenantId, cipher, report}: Check): Promise<void> {
  let after = '';
  for (let more = true; more;) {
    const page = await readQuarantined(client, tenantId, {after, limit: PAGE});
    for (const {id, change} of page) {
      if (!canOpen(cipher, change, quarantinePlace(id)))
        report(`quarantined_changes ${id} change`, 'cannot be opened');
    }
    after = page.at(-1)?.id ?? '';
    more = page.length === PAGE;
  }
}

async function verifyConflicts({client, tenantId, cipher, report}: Check, head: number): Promise<number> {
  let count = 0;
  let after = '';
  for (let more = true; more;) {
    const page = await readConflicts(client, tenantId, {after, limit: PAGE});
    for (const {id, seq, fields, note} of page) {
      if (seq < 1 || seq > head) report(`conflict_logs ${id} seq`, 'is no position of the log');
      const sealed = {fields, note};
      for (const column of ['fields', 'note'] as const) {
        if (!canOpen(cipher, sealed[column], conflictPlace(id, column)))
          report(`conflict_logs ${id} ${column}`, 'cannot be opened');
      }
    }
    count += page.length;
    after = page.at(-1)?.id ?? '';
    more = page.length === PAGE;
  }
  return count;
}
