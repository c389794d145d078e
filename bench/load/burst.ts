// The edits a device made while it was away: one per record, another field in each burst.
import type {BurstEdit} from '../peers/peer.ts';
import {createHeads} from './heads.ts';
import {clientOf, editedFields, editedValue, encodeEdit} from './tasks.ts';

/** round: 0 for the device's first burst, 1 for the one after. */
export function makeBurst(records: number, round: number): BurstEdit[] {
  const heads = createHeads(records);
  const field = editedFields[round] ?? 'title';
  return Array.from({length: records}, (_, record) => {
    const at = Date.now();
    const value = editedValue(field, {device: 0, edit: record});
    const id = {client: clientOf(0), clock: round};
    const update = encodeEdit({id, replaces: heads.head(record, field), at, value});
    return {record, update, field, value, at};
  });
}
