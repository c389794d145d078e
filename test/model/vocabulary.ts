// What simulated devices write: per entity a few keys, each with a small pool of values, so that concurrent
// writes meet often and are equal now and then. Values carry the outcome that is expected of them; no schema
// of the code under test is asked.
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';

/** A value as a device writes it and in normal form, or why it is refused. */
export type Sample =
  {readonly raw: JsonValue; readonly normal: JsonValue} | {readonly raw: JsonValue; readonly code: ErrorCode};

export type Rule = 'latest' | 'furthest' | 'fixed';

export interface KeySpec {
  readonly key: string;
  readonly root: string;
  readonly entry: string;
  readonly field: string;
  readonly rule: Rule;
  readonly required: boolean;
  readonly samples: readonly Sample[];
}

export interface Vocabulary {
  readonly entity: EntityName;
  readonly keys: readonly KeySpec[];
  readonly texts: readonly string[];
  /** What the record is created with. */
  readonly initial: Readonly<Record<string, JsonValue>>;
  /** Ranks of the `furthest` register. */
  readonly rank: Readonly<Record<string, number>>;
  /** Fields an employee may write. */
  readonly employeeWrites: readonly string[];
  /** Fields that the given state freezes. */
  readonly frozen: (fields: (key: string) => JsonValue) => readonly string[];
  /** Whether the given state freezes a field against one value. */
  readonly keeps?: (fields: (key: string) => JsonValue, field: string, value: JsonValue) => boolean;
}

const good = (...values: JsonValue[]): Sample[] => values.map((value) => ({raw: value, normal: value}));
const bad = (code: ErrorCode, ...values: JsonValue[]): Sample[] => values.map((raw) => ({raw, code}));

const register = (field: string, samples: readonly Sample[], more: Partial<KeySpec> = {}): KeySpec => ({
  key: field,
  root: 'fields',
  entry: field,
  field,
  rule: 'latest',
  required: false,
  samples,
  ...more,
});

const entries = (
  kind: 'set' | 'items',
  field: string,
  names: readonly string[],
  samplesAt: (position: string) => readonly Sample[],
): KeySpec[] =>
  names.map((entry, index) => ({
    key: `${field}/${entry}`,
    root: `${kind}:${field}`,
    entry,
    field,
    rule: 'latest',
    required: false,
    samples: samplesAt(`a${index}`),
  }));

const step = (title: string, position: string): JsonValue => ({position, title});

const tasks: Vocabulary = {
  entity: 'tasks',
  keys: [
    register(
      'title',
      [
        ...good('Fix pump', 'Paint door', 'Check roof'),
        {raw: '  Fix pump ', normal: 'Fix pump'},
        ...bad('required_field', null),
        ...bad('invalid_value', 7, ''),
      ],
      {required: true},
    ),
    register('status', good('scheduled', 'in_progress', 'cancelled', 'completed', null), {rule: 'furthest'}),
    register('priority', [...good('low', 'high', 'urgent', null), ...bad('invalid_value', 'soon')]),
    register('cancelReason', good('rain', 'nobody home', null)),
    register('priceMinor', [...good(1000, 2500, null), ...bad('invalid_value', 1.5)]),
    register('number', bad('read_only_field', 12)),
    register('colour', bad('unknown_field', 'red')),
    ...entries('items', 'checklist', ['step1', 'step2'], (position) => [
      ...good(step('Drain', position), step('Fill', position), null, null),
      ...bad('invalid_value', {title: 'no place'}),
    ]),
  ],
  texts: ['notes', 'description'],
  initial: {title: 'New task', status: 'draft'},
  rank: {cancelled: 1, completed: 2},
  employeeWrites: ['status', 'notes', 'checklist', 'timeEntries', 'startedAt', 'completedAt', 'cancelReason'],
  frozen: () => [],
};

const line = (unitPriceMinor: number, position: string): JsonValue => ({
  position,
  quantityMilli: 1000,
  unitPriceMinor,
});

const financeEntries: Vocabulary = {
  entity: 'finance_entries',
  keys: [
    register('kind', [...good('invoice', 'expense'), ...bad('required_field', null)], {
      rule: 'fixed',
      required: true,
    }),
    register('status', good('draft', 'draft', 'issued', 'sent', 'void'), {rule: 'furthest'}),
    register('amountMinor', good(100, 200, null)),
    register('currency', [
      ...good('EUR', 'USD'),
      {raw: 'eur', normal: 'EUR'},
      ...bad('invalid_value', 'XYZ'),
    ]),
    register('vendor', good('ACME', 'Globex', null)),
    register('dueDate', [...good('2026-03-01', '2026-04-01', null), ...bad('invalid_value', '2026-02-30')]),
    register('totalMinor', bad('read_only_field', 5)),
    ...entries('items', 'lineItems', ['line1', 'line2'], (position) =>
      good(line(500, position), line(700, position), null),
    ),
  ],
  texts: ['notes'],
  initial: {kind: 'invoice', status: 'draft', currency: 'EUR'},
  rank: {issued: 2, sent: 3, void: 5},
  employeeWrites: [],
  frozen: (fields) => {
    const status = fields('status');
    const isIssued = status === 'issued' || status === 'sent' || status === 'void';
    // An expense is no bill.
    if (!isIssued || fields('kind') !== 'invoice') return [];
    const frozen = ['clientId', 'relatedEntryId', 'currency', 'amountMinor', 'lineItems', 'taxMode'];
    return status === 'void' ? [...frozen, 'status'] : frozen;
  },
  keeps(fields, field, value) {
    const way: readonly JsonValue[] = ['draft', 'issued', 'sent', 'void'];
    const reached = way.indexOf(fields('status'));
    return fields('kind') === 'invoice' && field === 'status' && reached > 0 && way.indexOf(value) < reached;
  },
};

const clients: Vocabulary = {
  entity: 'clients',
  keys: [
    register('kind', good('person', 'company'), {required: true}),
    register('displayName', [...good('Ada', 'Grace', 'Edsger'), ...bad('invalid_value', false)], {
      required: true,
    }),
    register('paymentTermsDays', [...good(0, 14, 30, null), ...bad('invalid_value', 400)]),
    register('email', good('a@example.org', 'b@example.org', null)),
    ...entries('set', 'tags', ['late', 'loud', 'vip'], () => [
      ...good(true, true, null, null),
      ...bad('invalid_value', 'yes'),
    ]),
    ...entries('set', 'tags', [' vip'], () => bad('invalid_value', true)),
  ],
  texts: ['notes'],
  initial: {kind: 'person', displayName: 'Nobody'},
  rank: {},
  employeeWrites: [],
  frozen: () => [],
};

export const vocabularies: readonly Vocabulary[] = [tasks, financeEntries, clients];
