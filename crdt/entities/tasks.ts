// Tasks: one work order or visit, from draft to done.
import {z} from 'zod';
import {declareEntity, items, register, serverRegister, text} from './entity.ts';
import type {EntityName, WinnerRule} from './entity.ts';
import {
  basisPoints,
  block,
  currency,
  instant,
  integer,
  item,
  line,
  minorUnits,
  optional,
  reference,
} from './field-schemas.ts';
import {address, recurrence, schedule} from './value-objects.ts';

const MINUTES_A_DAY = 1_440;

/**
 * Between concurrent writes, work that was done stays done: its report from the site is a fact, and without it
 * nobody is paid. A cancellation beats the active states, which were set by someone who had not heard of it,
 * but not a completion, which a manager who cancelled meanwhile sees as a conflict.
 */
const furthestStatus: WinnerRule = {
  kind: 'furthest',
  rank: {draft: 0, scheduled: 0, en_route: 0, in_progress: 0, on_hold: 0, cancelled: 1, completed: 2},
};

const checklistItem = item({
  title: line({max: 200}),
  done: optional(z.boolean()),
  doneAt: optional(instant),
  doneByEmployeeId: optional(reference),
  note: optional(block({max: 1_000})),
});

/** Without `endedAt` the clock is still running. */
const timeEntry = item({
  employeeId: reference,
  kind: optional(z.enum(['work', 'travel', 'break'])),
  startedAt: instant,
  endedAt: optional(instant),
  breakMin: optional(integer({min: 0, max: MINUTES_A_DAY})),
  note: optional(block({max: 1_000})),
});

const to = (references: EntityName, description: string) =>
  register({schema: reference, sql: 'uuid', references, description});

const at = (description: string) => register({schema: instant, sql: 'timestamptz', description});

export const tasks = declareEntity({
  name: 'tasks',
  singular: 'task',
  list: {
    sorts: ['number', 'title', 'schedule', 'dueAt', 'completedAt'],
    searches: ['number', 'title', 'cancelReason'],
  },
  numbering: {field: 'number', seriesOf: () => 'task', format: (number) => number},
  fields: {
    number: serverRegister({
      schema: integer({min: 1, max: 2_147_483_647}),
      sql: 'integer',
      description: 'Counts the tasks of the tenant, given on first push.',
    }),
    title: register({
      schema: line({max: 200}),
      sql: 'text',
      required: true,
      description: 'What is to be done.',
    }),
    clientId: to('clients', 'For whom.'),
    employeeId: to('employees', 'Who does it.'),
    teamId: to('teams', 'Which team does it.'),
    serviceTypeId: to('service_types', 'What kind of work it is.'),
    status: register({
      schema: z.enum(['draft', 'scheduled', 'en_route', 'in_progress', 'on_hold', 'completed', 'cancelled']),
      sql: 'text',
      winner: furthestStatus,
      description: 'How far the work is.',
    }),
    priority: register({
      schema: z.enum(['low', 'normal', 'high', 'urgent']),
      sql: 'text',
      description: 'What comes first.',
    }),
    schedule: register({
      schema: schedule,
      sql: 'jsonb',
      description: 'The planned visit, with its time zone.',
    }),
    dueAt: at('When it must be done.'),
    startedAt: at('When work began.'),
    completedAt: at('When work ended.'),
    address: register({
      schema: address,
      sql: 'jsonb',
      sensitive: true,
      description: "Where, if not at the client's service address.",
    }),
    checklist: items({schema: checklistItem, description: 'Steps to tick off.'}),
    priceMinor: register({
      schema: minorUnits,
      sql: 'bigint',
      description: 'Agreed price, minor units of `currency`.',
    }),
    currency: register({schema: currency, sql: 'text', description: 'Currency of the price, ISO 4217.'}),
    taxRateBps: register({schema: basisPoints, sql: 'integer', description: 'Tax rate, basis points.'}),
    timeEntries: items({schema: timeEntry, description: 'Who worked when.'}),
    recurrence: register({schema: recurrence, sql: 'jsonb', description: 'How the task repeats.'}),
    cancelReason: register({schema: block({max: 500}), sql: 'text', description: 'Why it was cancelled.'}),
    description: text({sensitive: true, description: 'The order in full.'}),
    notes: text({sensitive: true, description: 'What was found and done.'}),
  },
  employee: {
    sees: {
      kind: 'any',
      of: [
        {kind: 'own-employee', field: 'employeeId'},
        {kind: 'own-team', field: 'teamId'},
        {kind: 'created-by-self'},
      ],
    },
    writes: ['status', 'notes', 'checklist', 'timeEntries', 'startedAt', 'completedAt', 'cancelReason'],
    creates: ({fields, self}) => self.employeeId !== null && fields.employeeId === self.employeeId,
    appendsOnly: [],
  },
});
