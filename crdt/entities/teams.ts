// Teams. Who belongs to one is said by `employees.teamIds`, so that two edits of two people never meet here.
import {z} from 'zod';
import {declareEntity, register} from './entity.ts';
import {block, color, line, reference} from './field-schemas.ts';

export const teams = declareEntity({
  name: 'teams',
  singular: 'team',
  list: {sorts: ['name'], searches: ['name', 'description']},
  fields: {
    // Two teams may bear one name: refusing the second would break an offline device's write.
    name: register({schema: line({max: 100}), sql: 'text', required: true, description: 'Name of the team.'}),
    color: register({schema: color, sql: 'text', description: 'Colour in the calendar, #RRGGBB.'}),
    leadEmployeeId: register({
      schema: reference,
      sql: 'uuid',
      references: 'employees',
      description: 'Who leads the team.',
    }),
    description: register({schema: block({max: 2_000}), sql: 'text', description: 'What the team is for.'}),
    active: register({
      schema: z.boolean(),
      sql: 'boolean',
      description: 'Whether work can be planned for it.',
    }),
  },
  employee: {sees: {kind: 'all'}, writes: [], appendsOnly: []},
});
