// The tasks every peer is given, and the edits made to them. Record n, its fields and its first document are the
// same in every run and process, so nobody has to be told of them.
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** Yjs client id of whoever made the tasks; no device has it. */
export const SEEDER_CLIENT = 2_999_999_999;
const DEVICE_CLIENT_FIRST = 3_000_000_000;

/** Yjs client id of a device: as many bytes as the random ones that Yjs mints. */
export const clientOf = (device: number): number => DEVICE_CLIENT_FIRST + device;
/** The device of a client id; negative or past the last device for anyone else's. */
export const deviceOf = (client: number): number => client - DEVICE_CLIENT_FIRST;

/** Id of record n, a UUID. */
export const recordIdOf = (record: number): string =>
  `10000000-0000-4000-8000-${record.toString(16).padStart(12, '0')}`;
/** n of an id made by `recordIdOf`. */
export const recordOf = (id: string): number => Number.parseInt(id.slice(24), 16);

/** The team of all tasks. */
export const TEAM_ID = '30000000-0000-4000-8000-000000000001';

const SEEDED_AT = Date.UTC(2026, 0, 5, 8);
const isoAfter = (hours: number): string => new Date(SEEDED_AT + hours * 3_600_000).toISOString();

/** The twelve fields of task n, in normal form. */
export const fieldsOf = (record: number): Record<string, unknown> => ({
  title: `Title ${record}: look after the heating in the basement`,
  status: 'scheduled',
  priority: 'normal',
  schedule: {start: isoAfter(record % 97), end: isoAfter((record % 97) + 2), timezone: 'Europe/Berlin'},
  dueAt: isoAfter(100 + (record % 31)),
  startedAt: isoAfter(record % 97),
  teamId: TEAM_ID,
  address: {
    line1: `Line ${record % 89}, Long Street`,
    city: 'Springfield',
    postalCode: '12345',
    country: 'DE',
  },
  priceMinor: 10_000 + record,
  currency: 'EUR',
  taxRateBps: 1_900,
  cancelReason: `Reason ${record}: none so far`,
});

const fieldNames = Object.keys(fieldsOf(0));

/** The first document of task n as one Yjs V1 update: a map of registers `[at, value]`, each written once. */
export function seedUpdate(record: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = SEEDER_CLIENT;
  const map = doc.getMap('fields');
  const fields = fieldsOf(record);
  doc.transact(() => {
    for (const [name, value] of Object.entries(fields)) map.set(name, [SEEDED_AT, value]);
  });
  return Y.encodeStateAsUpdate(doc);
}

/** The seeder's write of a field, the one a first edit replaces. */
export const seededClock = (field: string): number => fieldNames.indexOf(field);

/** Fields that edits touch: text, an instant, a number and a sensitive object. */
export const editedFields = ['title', 'cancelReason', 'priceMinor', 'address', 'startedAt'] as const;
export type EditedField = (typeof editedFields)[number];

/** Devices with odd numbers belong to employees, where a peer has roles, and these may write less of a task. */
export const isEmployee = (device: number): boolean => device % 2 === 1;
const employeeFields: readonly EditedField[] = ['cancelReason', 'startedAt'];
/** The same for every peer. */
export const fieldsEditedBy = (device: number): readonly EditedField[] =>
  isEmployee(device) ? employeeFields : editedFields;

const STARTED_AT = Date.UTC(2026, 1, 1);
const DEVICE_EDITS_MAX = 1_000_000;

/** The value of a device's n-th edit, valid for the field. Its shape tells the field: see `fieldOfValue`. */
export function editedValue(field: EditedField, {device, edit}: {device: number; edit: number}): unknown {
  switch (field) {
    case 'title':
      return `Title by device ${device}, edit ${edit}`;
    case 'cancelReason':
      return `Reason of device ${device}, edit ${edit}`;
    case 'priceMinor':
      return 100_000 * (device + 1) + edit;
    case 'startedAt':
      return new Date(STARTED_AT + (device * DEVICE_EDITS_MAX + edit) * 1_000).toISOString();
    case 'address':
      return {line1: `Line ${edit}, Long Street`, city: 'Springfield', postalCode: '12345', country: 'DE'};
  }
}

/** The field a register's value `[at, value]` belongs to. Null for fields that no edit touches. */
export function fieldOfValue(register: unknown): EditedField | null {
  const value: unknown = Array.isArray(register) ? register[1] : undefined;
  if (typeof value === 'string') return fieldOfText(value);
  if (typeof value === 'number') return value >= 100_000 ? 'priceMinor' : null;
  return typeof value === 'object' && value !== null && 'line1' in value ? 'address' : null;
}

function fieldOfText(value: string): EditedField | null {
  if (value.startsWith('Title')) return 'title';
  if (value.startsWith('Reason')) return 'cancelReason';
  return INSTANT.test(value) ? 'startedAt' : null;
}

const INSTANT = /^\d{4}-\d\d-/;

interface Id {
  readonly client: number;
  readonly clock: number;
}

/**
 * A Yjs V1 update as a stock device sends it for `map.set(field, [at, value])` over the item `replaces`: one
 * item with that origin, and the delete of what it replaces.
 */
export function encodeEdit(edit: {id: Id; replaces: Id; at: number; value: unknown}): Uint8Array {
  const {id, replaces, at, value} = edit;
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, id.client);
    encoding.writeVarUint(encoder, id.clock);
    // An item with an origin, a key (said by the bit, not by bytes) and content of any JSON.
    encoding.writeUint8(encoder, 0x80 | 0x20 | 8);
    encoding.writeVarUint(encoder, replaces.client);
    encoding.writeVarUint(encoder, replaces.clock);
    encoding.writeVarUint(encoder, 1);
    encoding.writeAny(encoder, [at, value] as Parameters<typeof encoding.writeAny>[1]);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, replaces.client);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, replaces.clock);
    encoding.writeVarUint(encoder, 1);
  });
}
