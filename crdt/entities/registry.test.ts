import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {forbiddenKeys} from '../json.ts';
import type {JsonObject, JsonValue} from '../json.ts';
import type {EntityName, Field, Member} from './entity.ts';
import {entities, entityNames, findEntity, isEntityName} from './registry.ts';

/** Every field of the domain. `?` after a name: sensitive. */
const declared: Readonly<Record<EntityName, Readonly<Record<Field['kind'], string>>>> = {
  clients: {
    register: `kind displayName? companyName? contactName? email? phone? whatsapp? preferredChannel consentWhatsapp
      consentSms consentEmail billingAddress? serviceAddress? taxId? defaultCurrency paymentTermsDays language status`,
    server: '',
    set: 'tags',
    items: '',
    text: 'notes?',
    derived: '',
  },
  employees: {
    register: 'displayName? email? phone? jobTitle color employmentStatus workingHours',
    server: 'userId',
    set: 'teamIds skills',
    items: '',
    text: 'notes?',
    derived: '',
  },
  teams: {
    register: 'name color leadEmployeeId description active',
    server: '',
    set: '',
    items: '',
    text: '',
    derived: '',
  },
  service_types: {
    register: 'name code description defaultDurationMin defaultPriceMinor currency taxRateBps color active',
    server: '',
    set: '',
    items: 'checklistTemplate',
    text: '',
    derived: '',
  },
  tasks: {
    register: `title clientId employeeId teamId serviceTypeId status priority schedule dueAt startedAt completedAt
      address? priceMinor currency taxRateBps recurrence cancelReason`,
    server: 'number',
    set: '',
    items: 'checklist timeEntries',
    text: 'description? notes?',
    derived: '',
  },
  finance_entries: {
    register: `kind clientId employeeId taskId relatedEntryId status currency amountMinor taxMode issueDate dueDate
      paidAt method category vendor publicNotes?`,
    server: 'number deliveries',
    set: '',
    items: 'lineItems?',
    text: 'notes?',
    derived: 'subtotalMinor taxMinor totalMinor',
  },
  attachments: {
    register: '',
    server: 'ownerType ownerId kind fileName? mimeType sizeBytes sha256 key status',
    set: '',
    items: '',
    text: '',
    derived: '',
  },
};

const self: Member = {userId: 'user-1', employeeId: 'employee-1'};
const noEmployee: Member = {userId: 'user-2', employeeId: null};

describe.each(entityNames)('%s', (name) => {
  const entity = entities[name];
  const fields = Object.entries(entity.fields);

  it('declares every field with its kind and sensitivity', () => {
    const expected = Object.entries(declared[name]).flatMap(([kind, list]) =>
      list.split(/\s+/).flatMap((entry) => (entry === '' ? [] : [`${kind} ${entry}`])),
    );
    const found = fields.map(([field, {kind, sensitive}]) => `${kind} ${field}${sensitive ? '?' : ''}`);
    expect(found.sort()).toEqual(expected.sort());
  });

  it('is found under its own name', () => {
    expect(findEntity(name)).toBe(entity);
    expect(entity.name).toBe(name);
    expect(isEntityName(name)).toBe(true);
  });

  it('describes every field and names none like an object member', () => {
    for (const [field, {description}] of fields) {
      expect(description).toMatch(/^[A-Z#].*\.$/s);
      expect(forbiddenKeys.has(field)).toBe(false);
    }
  });

  it('refuses null in every schema, and prints each as JSON Schema', () => {
    for (const [, field] of fields) {
      if (field.kind === 'text') continue;
      const schema = field.schema as z.ZodType;
      expect(schema.safeParse(null).success).toBe(false);
      expect(() => z.toJSONSchema(schema)).not.toThrow();
    }
  });

  it('gives employees only fields that exist and are not for the server or derived', () => {
    for (const field of entity.employee.writes) {
      expect(['register', 'set', 'items', 'text']).toContain(entity.fields[field]?.kind);
    }
    for (const field of entity.employee.appendsOnly) {
      expect(entity.fields[field]?.kind).toBe('text');
      expect(entity.employee.writes).toContain(field);
    }
  });

  it('names existing fields in its scope', () => {
    const {sees} = entity.employee;
    for (const condition of sees.kind === 'any' ? sees.of : []) {
      if (condition.kind === 'referenced-by') {
        expect(entities[condition.entity].fields[condition.field]?.references).toBe(name);
      } else if (condition.kind === 'own-team') {
        expect(entity.fields[condition.field]?.references).toBe('teams');
      } else if (condition.kind === 'own-employee') {
        if (condition.field !== 'id') expect(entity.fields[condition.field]?.references).toBe('employees');
        if (condition.where) expect(entity.fields[condition.where.field]).toMatchObject({fixed: true});
      }
    }
  });

  it('has no sensitive set: its members are keys, which conflicts and results name in the clear', () => {
    expect(fields.filter(([, {kind, sensitive}]) => kind === 'set' && sensitive)).toEqual([]);
  });

  it('finds by a whole value only sealed texts: anything else has a filter of its own, or none', () => {
    for (const [, field] of fields) {
      if (field.kind !== 'register' || field.findable === undefined) continue;
      expect(field).toMatchObject({sensitive: true, sql: 'text'});
    }
  });

  it('ranks every status that a furthest register can have', () => {
    for (const [, field] of fields) {
      if (field.kind !== 'register' || field.winner.kind !== 'furthest') continue;
      const {enum: values} = z.toJSONSchema(field.schema);
      expect(Object.keys(field.winner.rank).sort()).toEqual([...(values as string[])].sort());
    }
  });
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Clients', 'client', 'records'])(
  'finds no entity under %j',
  (name) => {
    expect(findEntity(name)).toBeUndefined();
    expect(isEntityName(name)).toBe(false);
  },
);

it('lets devices write every entity but attachments', () => {
  expect(entityNames.filter((name) => !entities[name].writable)).toEqual(['attachments']);
});

describe('the winner of a task status', () => {
  const {status} = entities.tasks.fields;
  const rank = status?.kind === 'register' && status.winner.kind === 'furthest' ? status.winner.rank : {};

  it('puts completed over cancelled over everything active', () => {
    const active = ['draft', 'scheduled', 'en_route', 'in_progress', 'on_hold'];
    expect(new Set(active.map((value) => rank[value]))).toEqual(new Set([0]));
    expect(rank.completed).toBeGreaterThan(rank.cancelled ?? NaN);
    expect(rank.cancelled).toBeGreaterThan(0);
  });
});

describe('frozen fields of finance entries', () => {
  const billed = [
    'clientId',
    'relatedEntryId',
    'currency',
    'amountMinor',
    'lineItems',
    'taxMode',
    'issueDate',
  ];
  it.each<[string, JsonObject, string[]]>([
    ['a new record', {}, []],
    ['a draft', {kind: 'invoice', status: 'draft'}, []],
    ['an issued invoice', {kind: 'invoice', status: 'issued', issueDate: '2026-03-01'}, billed],
    ['a sent credit note', {kind: 'credit_note', status: 'sent'}, billed],
    [
      'a numbered invoice set back to draft',
      {kind: 'invoice', status: 'draft', number: 'INV-2026-00001'},
      billed,
    ],
    ['a void invoice', {kind: 'invoice', status: 'void'}, [...billed, 'status']],
    ['an approved expense', {kind: 'expense', status: 'approved'}, []],
    ['a payment with a status of invoices', {kind: 'payment', status: 'issued'}, []],
  ])('%s', (_state, before, frozen) => {
    expect(entities.finance_entries.frozen(before)).toEqual(frozen);
    for (const field of frozen) expect(entities.finance_entries.fields[field]).toBeDefined();
  });
});

describe('what employees may do', () => {
  it.each<[EntityName, string[]]>([
    ['clients', ['notes']],
    ['employees', ['phone', 'color', 'workingHours']],
    ['teams', []],
    ['service_types', []],
    ['tasks', ['status', 'notes', 'checklist', 'timeEntries', 'startedAt', 'completedAt', 'cancelReason']],
    ['attachments', []],
  ])('%s: write %j', (name, writes) => {
    expect(entities[name].employee.writes).toEqual(writes);
  });

  it('only append to the notes of clients', () => {
    expect(entityNames.filter((name) => entities[name].employee.appendsOnly.length > 0)).toEqual(['clients']);
  });

  it.each(['kind', 'number', 'employeeId', 'relatedEntryId', 'dueDate', 'totalMinor'])(
    'not write %s of an expense',
    (field) => {
      expect(entities.finance_entries.employee.writes).not.toContain(field);
    },
  );

  it.each<[string, EntityName, JsonObject, Member, boolean]>([
    ['a task for oneself', 'tasks', {employeeId: 'employee-1'}, self, true],
    ['a task for another', 'tasks', {employeeId: 'employee-2'}, self, false],
    ['a task for nobody', 'tasks', {}, noEmployee, false],
    ['a task for nobody, said', 'tasks', {employeeId: null}, noEmployee, false],
    ['an own expense', 'finance_entries', {kind: 'expense', employeeId: 'employee-1'}, self, true],
    [
      'a submitted one',
      'finance_entries',
      {kind: 'expense', employeeId: 'employee-1', status: 'submitted'},
      self,
      true,
    ],
    [
      'an approved one',
      'finance_entries',
      {kind: 'expense', employeeId: 'employee-1', status: 'approved'},
      self,
      false,
    ],
    ["another's expense", 'finance_entries', {kind: 'expense', employeeId: 'employee-2'}, self, false],
    ['an invoice', 'finance_entries', {kind: 'invoice', employeeId: 'employee-1'}, self, false],
    ['an expense of nobody', 'finance_entries', {kind: 'expense', employeeId: null}, noEmployee, false],
  ])('create %s', (_what, name, fields, member, allowed) => {
    expect(entities[name].employee.creates?.({fields, self: member})).toBe(allowed);
  });

  it.each<EntityName>(['clients', 'employees', 'teams', 'service_types', 'attachments'])(
    'not create %s',
    (name) => {
      expect(entities[name].employee.creates).toBeUndefined();
    },
  );

  it.each<[string, JsonObject, string, JsonValue, boolean]>([
    ['edit a draft', {kind: 'expense', status: 'draft'}, 'vendor', 'Depot', true],
    ['edit one without a status', {kind: 'expense'}, 'vendor', 'Depot', true],
    ['edit a submitted one', {kind: 'expense', status: 'submitted'}, 'amountMinor', 5, true],
    ['submit', {kind: 'expense', status: 'draft'}, 'status', 'submitted', true],
    ['take back', {kind: 'expense', status: 'submitted'}, 'status', 'draft', true],
    ['approve', {kind: 'expense', status: 'submitted'}, 'status', 'approved', false],
    ['reimburse', {kind: 'expense', status: 'submitted'}, 'status', 'reimbursed', false],
    ['edit an approved one', {kind: 'expense', status: 'approved'}, 'vendor', 'Depot', false],
    ['reopen a rejected one', {kind: 'expense', status: 'rejected'}, 'status', 'draft', false],
    ['edit an invoice', {kind: 'invoice', status: 'draft'}, 'vendor', 'Depot', false],
    ['create submitted', {}, 'status', 'submitted', true],
    ['create approved', {}, 'status', 'approved', false],
  ])('expenses: %s', (_what, before, field, value, allowed) => {
    expect(entities.finance_entries.employee.mayWrite?.({field, value, before, self})).toBe(allowed);
  });
});
