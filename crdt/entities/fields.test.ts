import {describe, expect, it} from 'vitest';
import type {JsonValue} from '../json.ts';
import {TEXT_LENGTH_MAX} from '../protocol/limits.ts';
import type {EntityName} from './entity.ts';
import {columnName, foundForm, parseFieldValue, requiredFields, storedColumns} from './fields.ts';
import {entities, entityNames} from './registry.ts';

function parse(entity: EntityName, field: string, value: unknown) {
  return parseFieldValue(entities[entity].fields[field]!, value);
}

const uuid = '0195b1a2-6c1e-7d3a-9b1f-0a2b3c4d5e6f';
const lineItem = {position: 'a0', quantityMilli: 1000, unitPriceMinor: 100};
const timeEntry = {position: 'a0', employeeId: uuid, startedAt: '2026-03-01T08:00:00.000Z'};

describe('parseFieldValue', () => {
  it.each<[EntityName, string, unknown, JsonValue]>([
    ['clients', 'displayName', ' Jose\u0301 ', 'Jos\u00e9'],
    ['clients', 'tags', ' vip ', 'vip'],
    ['clients', 'notes', 'a\r\nb', 'a\nb'],
    ['clients', 'notes', '', ''],
    ['clients', 'paymentTermsDays', 0, 0],
    ['clients', 'paymentTermsDays', 365, 365],
    ['employees', 'teamIds', uuid.toUpperCase(), uuid],
    ['employees', 'userId', uuid, uuid],
    ['service_types', 'defaultDurationMin', 5, 5],
    ['service_types', 'defaultDurationMin', 10_080, 10_080],
    ['service_types', 'checklistTemplate', {position: 'a0', title: 'Look'}, {position: 'a0', title: 'Look'}],
    ['tasks', 'timeEntries', timeEntry, timeEntry],
    ['finance_entries', 'lineItems', {...lineItem, discountBps: null}, lineItem],
    ['finance_entries', 'status', 'reimbursed', 'reimbursed'],
    ['attachments', 'sizeBytes', 25 * 1024 * 1024, 25 * 1024 * 1024],
    ['teams', 'active', false, false],
  ])('%s.%s takes %j', (entity, field, value, normal) => {
    expect(parse(entity, field, value)).toEqual({ok: true, value: normal});
  });

  it.each<[EntityName, string, unknown, string]>([
    ['clients', 'displayName', '', 'must be 1 to 200 characters long'],
    ['clients', 'displayName', 'x'.repeat(201), 'must be 1 to 200 characters long'],
    ['clients', 'displayName', 7, 'must be a string'],
    ['clients', 'kind', 'secret', 'must be one of person, company'],
    ['clients', 'paymentTermsDays', 366, 'must be a whole number from 0 to 365'],
    ['clients', 'paymentTermsDays', -1, 'must be a whole number from 0 to 365'],
    ['clients', 'paymentTermsDays', 'secret', 'must be a whole number from 0 to 365'],
    ['clients', 'billingAddress', {secret: 1}, 'has a member that is not declared'],
    ['clients', 'billingAddress', {country: 'secret'}, 'country: must be a two-letter country code'],
    ['clients', 'consentSms', {optedIn: 'secret', at: '2026-03-01T08:00:00Z'}, 'optedIn: must be a boolean'],
    ['service_types', 'defaultDurationMin', 4, 'must be a whole number from 5 to 10080'],
    ['service_types', 'defaultDurationMin', 10_081, 'must be a whole number from 5 to 10080'],
    ['tasks', 'checklist', {title: 'secret'}, 'position: must be a string'],
    ['tasks', 'checklist', 'secret', 'must be an object'],
    ['attachments', 'sizeBytes', 0, 'must be a whole number from 1 to 26214400'],
    ['attachments', 'sizeBytes', 25 * 1024 * 1024 + 1, 'must be a whole number from 1 to 26214400'],
    ['clients', 'notes', 'x'.repeat(TEXT_LENGTH_MAX + 1), `must be 0 to ${TEXT_LENGTH_MAX} characters long`],
    [
      'clients',
      'notes',
      '\u{1F600}'.repeat(TEXT_LENGTH_MAX / 2 + 1),
      `must be at most ${TEXT_LENGTH_MAX} UTF-16 units long`,
    ],
    ['finance_entries', 'totalMinor', 1, 'is computed from other fields'],
  ])('%s.%s refuses a value and says why', (entity, field, value, message) => {
    expect(parse(entity, field, value)).toEqual({ok: false, message});
  });

  it('never repeats a refused value', () => {
    const canary = 'canary\u0001value';
    const values = [canary, {[canary]: canary}, [canary], {position: canary, title: {[canary]: 1}}];
    for (const entity of Object.values(entities)) {
      for (const field of Object.values(entity.fields)) {
        for (const value of values) {
          const result = parseFieldValue(field, value);
          expect(result.ok).toBe(false);
          expect(result.ok ? '' : result.message).not.toContain('canary');
        }
      }
    }
  });
});

it.each([
  ['name', 'name'],
  ['serviceTypeId', 'service_type_id'],
  ['defaultDurationMin', 'default_duration_min'],
  ['sha256', 'sha256'],
])('columnName: %s becomes %s', (field, column) => {
  expect(columnName(field)).toBe(column);
});

it.each([
  ['exact', '+4915112345678', '+4915112345678'],
  ['exact', 'Ana', 'Ana'],
  ['any-case', 'Ana.Example+X@example.com', 'ana.example+x@example.com'],
  ['any-case', 'ana@bu\u0308ro.example', 'ana@b\u00fcro.example'],
] as const)('foundForm: %s, %s matches as %s', (findable, text, form) => {
  expect(foundForm(findable, text)).toBe(form);
  expect(foundForm(findable, form)).toBe(form);
});

it.each<[EntityName, string[]]>([
  ['clients', ['kind', 'displayName']],
  ['employees', ['displayName']],
  ['teams', ['name']],
  ['service_types', ['name']],
  ['tasks', ['title']],
  ['finance_entries', ['kind']],
  ['attachments', []],
])('%s require %j at creation', (entity, fields) => {
  expect(requiredFields(entities[entity])).toEqual(fields);
});

describe('storedColumns', () => {
  const columnOf = (entity: EntityName, field: string) =>
    storedColumns(entities[entity]).find((column) => column.field === field);

  it.each<[EntityName, string, string]>([
    ['clients', 'displayName', 'bytea'],
    ['clients', 'billingAddress', 'bytea'],
    ['clients', 'notes', 'bytea'],
    ['clients', 'tags', 'jsonb'],
    ['employees', 'teamIds', 'jsonb'],
    ['tasks', 'checklist', 'jsonb'],
    ['tasks', 'schedule', 'jsonb'],
    ['tasks', 'dueAt', 'timestamptz'],
    ['tasks', 'clientId', 'uuid'],
    ['tasks', 'priceMinor', 'bigint'],
    ['finance_entries', 'lineItems', 'bytea'],
    ['finance_entries', 'totalMinor', 'bigint'],
    ['finance_entries', 'issueDate', 'date'],
    ['teams', 'active', 'boolean'],
  ])('%s.%s is stored as %s', (entity, field, sqlType) => {
    expect(columnOf(entity, field)).toMatchObject({sqlType, column: columnName(field)});
  });

  it('gives a column for its fingerprint to what can be asked for by a whole value, and to nothing else', () => {
    const hashed = entityNames.flatMap((name) =>
      storedColumns(entities[name]).flatMap(({hashColumn}) =>
        hashColumn === undefined ? [] : [`${name}.${hashColumn}`],
      ),
    );
    expect(hashed).toEqual([
      'clients.email_hash',
      'clients.phone_hash',
      'clients.whatsapp_hash',
      'employees.email_hash',
      'employees.phone_hash',
    ]);
  });

  it('names no column twice, and none that every table has', () => {
    const common = [
      'tenant_id',
      'id',
      'created_at',
      'created_by',
      'updated_at',
      'updated_by',
      'deleted_at',
      'seq',
    ];
    for (const name of entityNames) {
      const columns = storedColumns(entities[name]).flatMap(({column, hashColumn}) =>
        hashColumn === undefined ? [column] : [column, hashColumn],
      );
      expect(new Set([...columns, ...common]).size).toBe(columns.length + common.length);
    }
  });
});
