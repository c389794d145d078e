// Valid values of every field a device may write, awkward ones among them: for tests that fill whole records.
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonValue} from '#crdt/json.ts';

/** By field: values of a register, members of a set, items without their id, whole texts. */
export type FieldSamples = Readonly<Record<string, readonly JsonValue[]>>;

const ids = [
  '0190a8d2-7a10-7c3e-8f00-000000000001',
  '6d0f3c1e-2b61-4d8e-9d52-000000000002',
  '9c1f3c1e-2b61-4d8e-9d52-000000000003',
];
const lines = [
  'Müller & Söhne',
  '"quoted", \\back\\slash',
  'Ωmega 😀 家',
  "O'Brien; DROP TABLE x",
  '0',
  'null',
];
const blocks = ['first\nsecond\twith tab', '{"json": [1, 2]}', 'ﷺ', '🧰'.repeat(40)];
const texts = ['', 'One line', 'two\nlines', '😀 and 家', 'x'.repeat(3_000)];
const instants = ['2026-03-01T08:00:00.000Z', '1999-12-31T23:59:59.999Z', '2026-10-25T01:30:00.500Z'];
const dates = ['2026-02-28', '2024-02-29', '1999-12-31'];
const money = [0, -1, 1, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const rates = [0, 1, 1_900, 10_000];
const currencies = ['EUR', 'JPY', 'KWD'];
const colors = ['#FF8800', '#00AAFF'];
const phones = ['+4915112345678', '+12025550143'];
const emails = ['ana@example.com', 'o.brien+x@example.org'];
const booleans = [true, false];
const addresses: JsonValue[] = [
  {line1: 'Hauptstraße 1', city: 'Köln', postalCode: '50667', country: 'DE'},
  {location: {latitude: -33.8688, longitude: 151.2093}, access: 'Key under\nthe mat "x"'},
  {line1: '家', city: 'x'.repeat(100)},
];
const consents: JsonValue[] = [
  {optedIn: true, at: '2026-03-01T08:00:00.000Z', source: 'form'},
  {optedIn: false, at: '2026-03-02T08:00:00.000Z'},
];
const steps: JsonValue[] = [
  {position: 'a0', title: 'Drain'},
  {position: 'a1', title: 'Fill "up"', note: 'to\nthe brim'},
  {position: 'a2', title: '😀'},
];

export const fieldSamples: Readonly<Record<Exclude<EntityName, 'attachments'>, FieldSamples>> = {
  clients: {
    kind: ['person', 'company'],
    displayName: lines,
    companyName: lines,
    contactName: lines,
    email: emails,
    phone: phones,
    whatsapp: phones,
    preferredChannel: ['whatsapp', 'sms', 'email', 'none'],
    consentWhatsapp: consents,
    consentSms: consents,
    consentEmail: consents,
    billingAddress: addresses,
    serviceAddress: addresses,
    taxId: ['DE 123', '0'],
    defaultCurrency: currencies,
    paymentTermsDays: [0, 30, 365],
    language: ['de', 'pt-BR'],
    tags: ['vip', 'late', 'a "b"', '家'],
    status: ['lead', 'active', 'archived'],
    notes: texts,
  },
  employees: {
    displayName: lines,
    email: emails,
    phone: phones,
    jobTitle: lines,
    teamIds: ids,
    skills: ids,
    color: colors,
    employmentStatus: ['active', 'on_leave', 'terminated'],
    workingHours: [
      {timezone: 'Europe/Berlin', monday: [{start: '08:00', end: '17:00'}], sunday: []},
      {timezone: 'UTC'},
    ],
    notes: texts,
  },
  teams: {
    name: lines,
    color: colors,
    leadEmployeeId: ids,
    description: blocks,
    active: booleans,
  },
  service_types: {
    name: lines,
    code: ['A-1', '"', 'ß'],
    description: blocks,
    defaultDurationMin: [5, 60, 10_080],
    defaultPriceMinor: money,
    currency: currencies,
    taxRateBps: rates,
    color: colors,
    checklistTemplate: steps,
    active: booleans,
  },
  tasks: {
    title: lines,
    clientId: ids,
    employeeId: ids,
    teamId: ids,
    serviceTypeId: ids,
    status: ['draft', 'scheduled', 'en_route', 'in_progress', 'on_hold', 'completed', 'cancelled'],
    priority: ['low', 'normal', 'high', 'urgent'],
    schedule: [
      {start: '2026-03-01T08:00:00.000Z', end: '2026-03-01T09:00:00.000Z', timezone: 'Europe/Berlin'},
      {start: '2026-10-25T00:30:00.000Z', end: '2026-10-25T00:30:00.000Z', timezone: 'UTC'},
    ],
    dueAt: instants,
    startedAt: instants,
    completedAt: instants,
    address: addresses,
    checklist: [
      ...steps,
      {position: 'a3', title: 'Done', done: true, doneAt: instants[0]!, doneByEmployeeId: ids[0]!},
    ],
    priceMinor: money,
    currency: currencies,
    taxRateBps: rates,
    timeEntries: [
      {position: 'a0', employeeId: ids[0]!, startedAt: instants[0]!},
      {
        position: 'a1',
        employeeId: ids[1]!,
        startedAt: instants[1]!,
        endedAt: instants[0]!,
        breakMin: 30,
        kind: 'travel',
      },
    ],
    recurrence: [{rrule: 'FREQ=WEEKLY;BYDAY=MO', seriesId: ids[0]!, occurrenceDate: '2026-03-02'}],
    cancelReason: blocks,
    description: texts,
    notes: texts,
  },
  finance_entries: {
    kind: ['invoice', 'payment', 'expense', 'credit_note'],
    clientId: ids,
    employeeId: ids,
    taskId: ids,
    relatedEntryId: ids,
    status: ['draft', 'draft', 'draft', 'issued', 'sent', 'submitted', 'pending', 'completed'],
    currency: currencies,
    amountMinor: money,
    lineItems: [
      {position: 'a0', quantityMilli: 1_500, unitPriceMinor: 333, taxRateBps: 1_900, description: 'Work "x"'},
      {position: 'a1', quantityMilli: -1_000, unitPriceMinor: 100, discountBps: 500},
    ],
    taxMode: ['exclusive', 'inclusive'],
    issueDate: dates,
    dueDate: dates,
    paidAt: instants,
    method: ['cash', 'card', 'bank_transfer', 'mobile', 'other'],
    category: lines,
    vendor: lines,
    publicNotes: blocks,
    notes: texts,
  },
};
