import {describe, expect, it} from 'vitest';
import {readRecordList, recordListParameters} from '../protocol/record-list.ts';
import {columnName} from './fields.ts';
import {listFilters, listSorts, searchColumns} from './list-filters.ts';
import {entities, entityNames} from './registry.ts';

const parametersOf = (name: (typeof entityNames)[number]): string[] =>
  listFilters(entities[name]).map(({param}) => param);

describe.each(entityNames)('%s', (name) => {
  const entity = entities[name];

  it('is neither narrowed nor sorted nor searched by a sealed column', () => {
    const sealed = Object.entries(entity.fields).flatMap(([field, {sensitive}]) =>
      sensitive ? [columnName(field)] : [],
    );
    const used = [
      ...listFilters(entity).map(({column}) => column),
      ...[...listSorts(entity).values()].flatMap((sort) => (sort.kind === 'log' ? [] : [sort.column])),
      ...searchColumns(entity).map(({column}) => column),
    ];
    expect(used.filter((column) => sealed.includes(column))).toEqual([]);
  });

  it('is sorted by its latest change unless asked otherwise', () => {
    const parsed = recordListParameters(entity).parse({});
    expect(readRecordList(entity, parsed)).toMatchObject({sort: '-updatedAt', deleted: 'false', limit: 50});
  });
});

it('derives a parameter from every choice, flag, reference, member, moment and findable field', () => {
  expect(parametersOf('tasks')).toEqual([
    'clientId',
    'employeeId',
    'teamId',
    'serviceTypeId',
    'status',
    'priority',
    'scheduleFrom',
    'scheduleTo',
    'dueAtFrom',
    'dueAtTo',
    'startedAtFrom',
    'startedAtTo',
    'completedAtFrom',
    'completedAtTo',
  ]);
  expect(parametersOf('employees')).toEqual([
    'userId',
    'email',
    'phone',
    'teamId',
    'skill',
    'employmentStatus',
  ]);
  expect(parametersOf('clients')).toEqual([
    'kind',
    'email',
    'phone',
    'whatsapp',
    'preferredChannel',
    'tag',
    'status',
  ]);
});

it('refuses to list by a sealed field that a declaration names', () => {
  const named = {...entities.clients, list: {sorts: ['displayName'], searches: ['email']}};
  expect(() => listSorts(named)).toThrow(/clients.displayName is sealed/);
  expect(() => searchColumns(named)).toThrow(/clients.email is sealed/);
});
