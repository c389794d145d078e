// What a steady writer was told of is there, once, and nothing else is.
import {expect, onTestFinished} from 'vitest';
import type pg from 'pg';
import type {Person} from '#test/support/world.ts';
import {connectTo} from './node-callers.ts';
import type {SteadyWriter} from './steady-writer.ts';

/** Once the writer has stopped. owner: of the tables. */
export async function checkWritten(
  {acknowledged}: SteadyWriter,
  {owner, person, port}: {owner: pg.Pool; person: Person; port: number},
): Promise<void> {
  const {rows} = await owner.query<{id: string; writes: number}>(
    `SELECT record_id AS id, count(*)::int AS writes FROM audit_logs WHERE entity = 'tasks' GROUP BY record_id`,
  );
  expect(rows.filter(({writes}) => writes !== 1)).toEqual([]);
  expect(rows.map(({id}) => id).sort()).toEqual(acknowledged.toSorted());
  const fresh = await (await connectTo(port, person.onNewDevice())).live();
  onTestFinished(() => fresh.close());
  expect(acknowledged.filter((id) => !fresh.records.has(`tasks/${id}`))).toEqual([]);
}
