// Numbers of records that a group of changes has made due: of every new task, of an invoice that was issued. Between
// deciding the group and writing it.
import type pg from 'pg';
import {applyServer} from '#crdt/apply-server.ts';
import {SERVER_DEVICE} from '#crdt/deletion.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {fieldsOf} from '#crdt/record.ts';
import {PENDING_SEQ} from '#crdt/write.ts';
import {takeNumbers} from '#db/series.ts';
import {noteChange, type WorkingRecord} from './decide-group.ts';
import type {Submission} from './submission.ts';

/** A record whose number is due, and the series it comes from. */
interface NumberDue {
  readonly working: WorkingRecord;
  readonly series: string;
  /** What the server sets with the number. */
  readonly beside: JsonObject;
}

/** Which changed records are to be given a number before the group is written. now: ms since epoch. */
export function numbersDue(records: Iterable<WorkingRecord>, now: number): readonly NumberDue[] {
  const due: NumberDue[] = [];
  const today = new Date(now).toISOString().slice(0, 10);
  for (const working of records) {
    const {numbering} = working.record.entity;
    if (numbering === undefined || working.place === 0 || working.record.writes.has(numbering.field))
      continue;
    const fields = fieldsOf(working.record);
    const series = numbering.seriesOf(fields, today);
    if (series !== null) due.push({working, series, beside: numbering.alsoSets?.(fields, today) ?? {}});
  }
  return due;
}

/** Writes the number as part of the change that made it due. */
function giveNumber({working, series, beside}: NumberDue, number: number, now: number): void {
  const {record} = working;
  const {numbering} = record.entity;
  if (numbering === undefined) return;
  const change = {
    kind: 'server' as const,
    entity: record.entity.name,
    id: record.id,
    fields: {...beside, [numbering.field]: numbering.format(number, series)},
    creates: false,
  };
  const outcome = applyServer(record, change, {
    actor: {userId: record.updatedBy ?? '', deviceId: SERVER_DEVICE, role: 'manager', employeeId: null},
    now,
    offset: 0,
    seq: PENDING_SEQ + working.place,
    readCursor: () => null,
  });
  if (outcome.kind === 'done') noteChange(working, outcome, working.place);
}

/** When the last of them arrived, ms since epoch; 0 for none. */
export const latestOf = (submissions: readonly Submission[]): number =>
  submissions.reduce((latest, {now}) => Math.max(latest, now), 0);

/** Inside the transaction that writes the group: rolled back, it gives the numbers back. */
export async function giveNumbers(
  client: pg.PoolClient,
  tenantId: TenantId,
  {records, now}: {records: Iterable<WorkingRecord>; now: number},
): Promise<void> {
  const due = numbersDue(records, now);
  // In one order for all nodes, so that two that need several series cannot wait for each other.
  for (const series of [...new Set(due.map((item) => item.series))].sort()) {
    const takers = due.filter((item) => item.series === series);
    const first = await takeNumbers(client, tenantId, {series, count: takers.length});
    for (const [index, taker] of takers.entries()) giveNumber(taker, first + index, now);
  }
}
