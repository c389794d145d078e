// Service types: the kinds of work on offer, with what a new task of each starts from.
import {z} from 'zod';
import {declareEntity, items, register} from './entity.ts';
import {
  basisPoints,
  block,
  color,
  currency,
  integer,
  item,
  line,
  minorUnits,
  optional,
} from './field-schemas.ts';

export const serviceTypes = declareEntity({
  name: 'service_types',
  singular: 'service type',
  list: {sorts: ['name', 'code', 'defaultPriceMinor'], searches: ['name', 'code', 'description']},
  fields: {
    name: register({
      schema: line({max: 100}),
      sql: 'text',
      required: true,
      description: 'Name of the service.',
    }),
    code: register({schema: line({max: 40}), sql: 'text', description: 'Short code, as on price lists.'}),
    description: register({
      schema: block({max: 2_000}),
      sql: 'text',
      description: 'What the service includes.',
    }),
    defaultDurationMin: register({
      schema: integer({min: 5, max: 10_080}),
      sql: 'integer',
      description: 'Minutes to plan for it, at most a week.',
    }),
    defaultPriceMinor: register({
      schema: minorUnits,
      sql: 'bigint',
      description: 'Usual price, minor units of `currency`.',
    }),
    currency: register({schema: currency, sql: 'text', description: 'Currency of the price, ISO 4217.'}),
    taxRateBps: register({schema: basisPoints, sql: 'integer', description: 'Tax rate, basis points.'}),
    color: register({schema: color, sql: 'text', description: 'Colour in the calendar, #RRGGBB.'}),
    checklistTemplate: items({
      schema: item({title: line({max: 200}), note: optional(block({max: 1_000}))}),
      description: 'Steps that a new task of this type starts with.',
    }),
    active: register({schema: z.boolean(), sql: 'boolean', description: 'Whether it is still on offer.'}),
  },
  employee: {sees: {kind: 'all'}, writes: [], appendsOnly: []},
});
