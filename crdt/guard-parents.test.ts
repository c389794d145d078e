import {expect, test} from 'vitest';
import {guarded} from '#test/support/guarded.ts';
import {
  chars,
  craftSection,
  craftUpdate,
  item,
  register,
  values,
  type Struct,
} from '#test/support/update-writer.ts';
import {tasks} from './entities/tasks.ts';

const OWN = 100;
const OWN_BEFORE = 101;
const OTHER = 200;
const own: ReadonlySet<number> = new Set([OWN, OWN_BEFORE]);

/** 0 to 2 notes, 3 to 5 description, 6 title, 7 priority, 8 a root that no task has. */
const held = craftSection(
  OTHER,
  0,
  item({root: 'text:notes'}, chars('abc')),
  item({root: 'text:description'}, chars('def')),
  register('title', 'A'),
  register('priority', 'high'),
  item({root: 'evil', key: 'x'}, values([1, 1])),
);
const at = (clock: number, client = OTHER) => ({client, clock});
const verdict = (struct: Struct): string => guarded(tasks, own, held).verdict(craftSection(OWN, 0, struct));

test('an item stands in one place: not between two texts, two fields, or a text and a field', () => {
  expect(verdict(item({origin: at(0), rightOrigin: at(1)}, chars('x')))).toBe('admitted');
  expect(verdict(item({origin: at(2), rightOrigin: at(3)}, chars('x')))).toBe('update_bad_origin');
  expect(verdict(item({origin: at(2), rightOrigin: at(5)}, chars('x')))).toBe('update_bad_origin');
  expect(verdict(item({origin: at(6), rightOrigin: at(1)}, chars('x')))).toBe('update_bad_origin');
  expect(verdict(item({origin: at(6), rightOrigin: at(7)}, values([1, 'B'])))).toBe('update_bad_origin');
});

test('an item has no neighbour outside of the declared roots', () => {
  expect(verdict(item({origin: at(8)}, values([1, 1])))).toBe('update_bad_origin');
});

test('a neighbour past the end of what the same update brings is a gap', () => {
  const building = (clock: number) =>
    craftUpdate([
      {client: OWN_BEFORE, clock: 0, structs: [register('title', 'B')]},
      {client: OWN, clock: 0, structs: [item({origin: at(clock, OWN_BEFORE)}, values([2, 'C']))]},
    ]);
  expect(guarded(tasks, own).verdict(building(0))).toBe('admitted');
  expect(guarded(tasks, own).verdict(building(1))).toBe('need');
  expect(guarded(tasks, own).verdict(building(2))).toBe('need');
});

test('an item waits for one neighbour while the other is known', () => {
  const bytes = craftUpdate([
    {client: OWN, clock: 0, structs: [item({origin: at(0, OWN_BEFORE), rightOrigin: at(1)}, chars('y'))]},
    {client: OWN_BEFORE, clock: 0, structs: [item({origin: at(0), rightOrigin: at(1)}, chars('x'))]},
  ]);
  const {elements} = guarded(tasks, own, held).admit(bytes);
  expect(elements.map(({client}) => client)).toEqual([OWN_BEFORE, OWN]);
});
