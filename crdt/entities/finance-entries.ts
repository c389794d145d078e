// Finance entries: invoices, payments, expenses and credit notes. Their totals follow from the lines, and what
// was issued stands.
import {z} from 'zod';
import type {JsonObject} from '../json.ts';
import {declareEntity, derived, items, register, serverRegister, text} from './entity.ts';
import type {EntityName, Numbering} from './entity.ts';
import {
  basisPoints,
  block,
  calendarDate,
  currency,
  instant,
  integer,
  item,
  line,
  minorUnits,
  object,
  optional,
  reference,
} from './field-schemas.ts';
import {
  effectiveStatus,
  financeKinds,
  financeStatuses,
  financeStatusRank,
  isBill,
  isStepBack,
} from './finance-status.ts';
import {computeTotals} from './totals.ts';
import type {Totals} from './totals.ts';

/** Thousandths of a unit: up to a million units, negative to take back. */
const QUANTITY_MILLI_MAX = 1_000_000_000;

const lineItem = item({
  description: optional(line({max: 500})),
  serviceTypeId: optional(reference),
  quantityMilli: integer({min: -QUANTITY_MILLI_MAX, max: QUANTITY_MILLI_MAX}),
  unitPriceMinor: minorUnits,
  taxRateBps: optional(basisPoints),
  discountBps: optional(basisPoints),
});

/** As in crdt/protocol/deliveries.ts, but for an attempt under way, which still is `queued` here. */
const shownState = z.enum(['queued', 'local', 'sent', 'delivered', 'read', 'failed', 'dead', 'unknown']);

const to = (references: EntityName, description: string) =>
  register({schema: reference, sql: 'uuid', references, description});

const on = (description: string) => register({schema: calendarDate, sql: 'date', description});

const total = (name: keyof Totals, description: string) =>
  derived({
    schema: minorUnits,
    sql: 'bigint',
    derive: (fields) => computeTotals(fields)?.[name] ?? null,
    description,
  });

function frozenFields(before: JsonObject): readonly string[] {
  const status = effectiveStatus(before);
  if (!isBill(before) || status === 'draft') return [];
  const frozen = [
    'clientId',
    'relatedEntryId',
    'currency',
    'amountMinor',
    'lineItems',
    'taxMode',
    // Its number names the year.
    'issueDate',
  ];
  // Books do not come back from void: a bill voided by mistake is issued anew.
  if (status === 'void') frozen.push('status');
  return frozen;
}

/** Given when first issued or sent; what went from draft straight to void was never a document. */
const billNumbering: Numbering = {
  field: 'number',
  seriesOf(fields, today) {
    const status = effectiveStatus(fields);
    if (!isBill(fields) || (status !== 'issued' && status !== 'sent')) return null;
    const prefix = fields.kind === 'invoice' ? 'INV' : 'CN';
    return `${prefix}-${issueDateOf(fields, today).slice(0, 4)}`;
  },
  format: (number, series) => `${series}-${String(number).padStart(5, '0')}`,
  alsoSets: (fields, today) => ({issueDate: issueDateOf(fields, today)}),
};

const issueDateOf = ({issueDate}: JsonObject, today: string): string =>
  typeof issueDate === 'string' ? issueDate : today;

const openStatuses: ReadonlySet<unknown> = new Set(['draft', 'submitted']);

export const financeEntries = declareEntity({
  name: 'finance_entries',
  singular: 'finance entry',
  list: {
    sorts: ['number', 'issueDate', 'dueDate', 'paidAt', 'totalMinor'],
    searches: ['number', 'category', 'vendor'],
  },
  numbering: billNumbering,
  fields: {
    kind: register({
      schema: z.enum(financeKinds),
      sql: 'text',
      required: true,
      fixed: true,
      description: 'What the entry is; set once, at creation.',
    }),
    number: serverRegister({
      schema: line({max: 40}),
      sql: 'text',
      description: 'Given when issued, without gaps per series and year: INV-2026-00001.',
    }),
    clientId: to('clients', 'Who pays, or is paid back.'),
    employeeId: to('employees', 'Whose expense it is, or who took the payment.'),
    taskId: to('tasks', 'The work it is for.'),
    relatedEntryId: to('finance_entries', 'The invoice that a payment or credit note belongs to.'),
    status: register({
      schema: z.enum(financeStatuses),
      sql: 'text',
      winner: {kind: 'furthest', rank: financeStatusRank},
      description: 'How far the entry is; which values mean something depends on its kind.',
    }),
    currency: register({schema: currency, sql: 'text', description: 'Currency of all amounts, ISO 4217.'}),
    amountMinor: register({
      schema: minorUnits,
      sql: 'bigint',
      description: 'What an entry without lines amounts to (a payment, a simple expense), minor units.',
    }),
    lineItems: items({schema: lineItem, sensitive: true, description: 'What is charged, line by line.'}),
    taxMode: register({
      schema: z.enum(['exclusive', 'inclusive']),
      sql: 'text',
      description: 'Whether unit prices include tax; absent, they do not.',
    }),
    subtotalMinor: total('subtotalMinor', 'Sum of the lines without tax, minor units.'),
    taxMinor: total('taxMinor', 'Sum of the taxes of the lines, minor units.'),
    totalMinor: total('totalMinor', 'Subtotal and tax, minor units.'),
    issueDate: on('Date of the document; the day it was issued, if none was set.'),
    dueDate: on('Last day to pay.'),
    paidAt: register({schema: instant, sql: 'timestamptz', description: 'When the money moved.'}),
    method: register({
      schema: z.enum(['cash', 'card', 'bank_transfer', 'mobile', 'other']),
      sql: 'text',
      description: 'How the money moved.',
    }),
    category: register({schema: line({max: 100}), sql: 'text', description: 'Kind of expense.'}),
    vendor: register({schema: line({max: 200}), sql: 'text', description: 'From whom it was bought.'}),
    publicNotes: register({
      schema: block({max: 4_000}),
      sql: 'text',
      sensitive: true,
      description: 'Printed on the document.',
    }),
    notes: text({sensitive: true, description: 'For the office only.'}),
    deliveries: serverRegister({
      schema: object({
        email: optional(shownState),
        whatsapp: optional(shownState),
        sms: optional(shownState),
      }),
      sql: 'jsonb',
      description: 'How far the latest message with it has come, by channel.',
    }),
  },
  frozen: frozenFields,
  keeps: (before, field, value) => field === 'status' && isStepBack(before, value),
  employee: {
    sees: {
      kind: 'any',
      of: [{kind: 'own-employee', field: 'employeeId', where: {field: 'kind', equals: 'expense'}}],
    },
    writes: [
      'clientId',
      'taskId',
      'status',
      'currency',
      'amountMinor',
      'lineItems',
      'taxMode',
      'issueDate',
      'paidAt',
      'method',
      'category',
      'vendor',
      'publicNotes',
      'notes',
    ],
    mayWrite: ({field, value, before}) => {
      const isNew = before.kind === undefined;
      const isOpen = isNew || (before.kind === 'expense' && openStatuses.has(effectiveStatus(before)));
      return isOpen && (field !== 'status' || value === null || openStatuses.has(value));
    },
    creates: ({fields, self}) =>
      fields.kind === 'expense' &&
      self.employeeId !== null &&
      fields.employeeId === self.employeeId &&
      openStatuses.has(effectiveStatus(fields)),
    appendsOnly: [],
  },
});
