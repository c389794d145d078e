// Employees: the people who do the work. A membership ties a user to one of these records.
import {z} from 'zod';
import {declareEntity, register, serverRegister, set, text} from './entity.ts';
import {color, email, line, phone, reference} from './field-schemas.ts';
import {workingHours} from './value-objects.ts';

export const employees = declareEntity({
  name: 'employees',
  singular: 'employee',
  list: {sorts: ['jobTitle'], searches: ['jobTitle']},
  fields: {
    displayName: register({
      schema: line({max: 200}),
      sql: 'text',
      sensitive: true,
      required: true,
      description: 'The name that clients and colleagues know.',
    }),
    userId: serverRegister({
      schema: reference,
      sql: 'uuid',
      description: 'The user who signs in as this employee; one employee per user and tenant.',
    }),
    email: register({
      schema: email,
      sql: 'text',
      sensitive: true,
      findable: 'any-case',
      description: 'Email address.',
    }),
    phone: register({
      schema: phone,
      sql: 'text',
      sensitive: true,
      findable: 'exact',
      description: 'Phone number, E.164.',
    }),
    jobTitle: register({schema: line({max: 100}), sql: 'text', description: 'Job title.'}),
    teamIds: set({schema: reference, references: 'teams', description: 'Teams this employee belongs to.'}),
    skills: set({
      schema: reference,
      references: 'service_types',
      description: 'Service types this employee can do.',
    }),
    color: register({schema: color, sql: 'text', description: 'Colour in the calendar, #RRGGBB.'}),
    employmentStatus: register({
      schema: z.enum(['active', 'on_leave', 'terminated']),
      sql: 'text',
      description: 'Whether work can be planned for this employee.',
    }),
    workingHours: register({schema: workingHours, sql: 'jsonb', description: 'The usual week.'}),
    notes: text({sensitive: true, description: "The office's notes on this employee."}),
  },
  employee: {
    sees: {kind: 'any', of: [{kind: 'own-employee', field: 'id'}]},
    writes: ['phone', 'color', 'workingHours'],
    appendsOnly: [],
  },
});
