// The task's row, read with plain SQL over a connection of the demo's own.
import type pg from 'pg';
import {bold, cyan, dim, entry, print} from './terminal.ts';

export interface TaskRow {
  readonly number: number | null;
  readonly title: string;
  readonly status: string;
  readonly priority: string;
  readonly checklist: readonly {readonly id: string; readonly title: string; readonly done?: boolean}[];
  /** Sealed: notes are sensitive. */
  readonly notes: Buffer;
  readonly updated_at: Date;
}

const text = `SELECT number, title, status, priority, checklist, notes, updated_at
  FROM tasks WHERE tenant_id = $1 AND id = $2`;

export async function selectTask(
  database: pg.Client,
  {tenant, taskId}: {tenant: string; taskId: string},
): Promise<TaskRow | undefined> {
  return (await database.query<TaskRow>(text, [tenant, taskId])).rows[0];
}

export function printRow(row: TaskRow): void {
  for (const line of text.split('\n')) print(`     ${cyan(line)}`);
  print();
  const show = (name: string, value: string): void => entry(dim(name), [value]);
  show('number', `${row.number ?? ''}`);
  show('title', bold(row.title));
  show('status', row.status);
  show('priority', row.priority);
  show(
    'checklist',
    row.checklist.map(({title, done}) => `${title}: ${done === true ? 'done' : 'open'}`).join(', '),
  );
  show('notes', `${row.notes.length} sealed bytes ${dim(`${row.notes.subarray(0, 12).toString('hex')}…`)}`);
  show('updated_at', row.updated_at.toISOString());
}
