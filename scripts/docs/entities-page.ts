// docs/generated/entities.md: what the declarations say of every entity, its fields and its roles.
import type {Entity, EmployeeRule, Field, Scope, ScopeCondition} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {code, markdownPage, table, type Page} from './page.ts';

export function entitiesPage(): Page {
  return markdownPage('docs/generated/entities.md', {
    title: 'Entities',
    source: 'crdt/entities/registry.ts',
    body: [
      'Every record also has `id`, `createdAt`, `createdBy`, `updatedAt`, `updatedBy`, `deletedAt` and `seq`. ' +
        'Sensitive fields are sealed in the database; findable ones can be asked for by a whole value all the same. ' +
        'How each kind merges: [merge.md](../merge.md).',
      ...Object.values(entities).flatMap(describeEntity),
    ],
  });
}

function describeEntity(entity: Entity): string[] {
  const rows = Object.entries(entity.fields).map(([name, field]) => [
    code(name),
    field.kind,
    notesOf(field),
    field.description,
  ]);
  return [
    `## ${entity.name}`,
    entity.writable ? '' : 'Written by the server; devices read it.',
    table(['Field', 'Kind', 'Notes', 'Meaning'], rows),
    `Employees see: ${describeScope(entity.employee.sees)}. They write: ${describeWrites(entity.employee)}.`,
  ].filter((part) => part !== '');
}

function notesOf(field: Field): string {
  const notes = [
    field.sensitive ? 'sensitive' : '',
    field.references === undefined ? '' : `names ${field.references}`,
  ];
  if (field.kind === 'register') {
    notes.push(field.required ? 'required' : '', field.fixed ? 'fixed at creation' : '');
    if (field.findable !== undefined) {
      notes.push(field.findable === 'exact' ? 'findable' : 'findable in any letter case');
    }
    if (field.winner.kind === 'furthest') notes.push(`furthest wins: ${describeRank(field.winner.rank)}`);
  }
  return notes.filter((note) => note !== '').join('; ');
}

/** Values of one rank together, lowest first. */
function describeRank(rank: Readonly<Record<string, number>>): string {
  const levels = [...new Set(Object.values(rank))].sort((a, b) => a - b);
  const namesAt = (level: number): string[] => Object.keys(rank).filter((name) => rank[name] === level);
  return levels.map((level) => namesAt(level).join(', ')).join(' < ');
}

function describeScope(scope: Scope): string {
  if (scope.kind !== 'any') return scope.kind === 'all' ? 'all records' : 'none';
  return scope.of.map(describeCondition).join('; or ');
}

function describeCondition(condition: ScopeCondition): string {
  switch (condition.kind) {
    case 'own-employee': {
      const where = condition.where ? ` and \`${condition.where.field}\` is ${condition.where.equals}` : '';
      return `those whose \`${condition.field}\` is the employee's own record${where}`;
    }
    case 'own-team':
      return `those whose \`${condition.field}\` is one of the employee's teams`;
    case 'created-by-self':
      return 'those they created';
    case 'referenced-by':
      return `those that ${condition.entity} in scope name in \`${condition.field}\``;
    case 'owner-in-scope':
      return 'those of an owner in scope';
  }
}

function describeWrites({writes, mayWrite, creates, appendsOnly}: EmployeeRule): string {
  const parts = writes.map((name) => code(name) + (appendsOnly.includes(name) ? ' (append only)' : ''));
  const fields = parts.length === 0 ? 'no field' : parts.join(', ');
  const narrowed = mayWrite === undefined ? '' : ', as far as the state of the record allows';
  return fields + narrowed + (creates === undefined ? '' : '; and they create records of their own');
}
