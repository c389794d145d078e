// The edits a device made while it was away: one per record, another field in each burst.
import type {BurstEdit} from '../peers/peer.ts';
import {
  clientOf,
  editedFields,
  editedValue,
  encodeEdit,
  fieldsOf,
  seededClock,
  SEEDER_CLIENT,
} from './tasks.ts';

/** round: 0 for the device's first burst, 1 for the one after. */
export function makeBurst(records: number, round: number): BurstEdit[] {
  const field = editedFields[round] ?? 'title';
  return editAll(records, {
    device: 0,
    field,
    clock: round,
    valueOf: (record) => editedValue(field, {device: 0, edit: record}),
  });
}

/** Fields that ten devices can write without meeting. */
const plainFields = [
  'title',
  'cancelReason',
  'priceMinor',
  'address',
  'startedAt',
  'dueAt',
  'schedule',
  'taxRateBps',
  'status',
  'priority',
] as const;

/** Devices that can edit the same records offline, at most. */
export const OFFLINE_DEVICES_MAX = plainFields.length;

/** A device's edit of every record as seeded: of the same field as all others (`conflicting`), or of one of its own. */
export function makeOfflineEdits(
  records: number,
  {device, kind}: {device: number; kind: 'plain' | 'conflicting'},
): BurstEdit[] {
  const field = kind === 'conflicting' ? 'title' : (plainFields[device] ?? 'title');
  return editAll(records, {
    device,
    field,
    clock: 0,
    valueOf: (record) => plainValue(field, {device, edit: record}),
  });
}

function plainValue(field: (typeof plainFields)[number], by: {device: number; edit: number}): unknown {
  switch (field) {
    case 'dueAt':
      return editedValue('startedAt', by);
    case 'schedule':
      return {...(fieldsOf(0)['schedule'] as object), timezone: 'Europe/Vienna'};
    case 'taxRateBps':
      return 700;
    case 'status':
      return 'en_route';
    case 'priority':
      return 'high';
    default:
      return editedValue(field, by);
  }
}

function editAll(
  records: number,
  edit: {device: number; field: string; clock: number; valueOf: (record: number) => unknown},
): BurstEdit[] {
  const {device, field, clock, valueOf} = edit;
  const replaces = {client: SEEDER_CLIENT, clock: seededClock(field)};
  return Array.from({length: records}, (_, record) => {
    const at = Date.now();
    const value = valueOf(record);
    const update = encodeEdit({id: {client: clientOf(device), clock}, replaces, at, value});
    return {record, update, field, value, at};
  });
}
