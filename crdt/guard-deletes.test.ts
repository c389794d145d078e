import {expect, test} from 'vitest';
import {guarded} from '#test/support/guarded.ts';
import {chars, craftSection, craftUpdate, item, register, values} from '#test/support/update-writer.ts';
import {tasks} from './entities/tasks.ts';

const OWN = 100;
const own: ReadonlySet<number> = new Set([OWN]);
const deleting = (...ranges: [number, number][]) => craftUpdate([], [{client: OWN, ranges}]);

test('what no declared root holds is not deleted', () => {
  const held = guarded(tasks, own, craftSection(OWN, 0, item({root: 'evil', key: 'x'}, values([1, 1]))));
  expect(held.verdict(deleting([0, 1]))).toBe('update_bad_delete');
});

test('a range that ends with the document deletes nothing new', () => {
  const held = guarded(tasks, own, craftSection(OWN, 0, item({root: 'text:notes'}, chars('ab'))));
  const {textDeletes, deletedNew} = held.admit(deleting([0, 2]));
  expect(textDeletes).toHaveLength(1);
  expect(deletedNew).toEqual([]);
});

test('of new text exactly what a range covers is deleted, and new values are not taken for text', () => {
  const structs = [
    register('title', 'A'),
    item({root: 'text:notes'}, chars('ab')),
    item({root: 'text:description'}, chars('cd')),
  ];
  const deletesOf = (...ranges: [number, number][]) =>
    guarded(tasks, own)
      .admit(craftUpdate([{client: OWN, clock: 0, structs}], [{client: OWN, ranges}]))
      .textDeletes.map(({root, clock, length}) => [root.name, clock, length]);
  expect(deletesOf([0, 1])).toEqual([]);
  expect(deletesOf([0, 3])).toEqual([['text:notes', 1, 2]]);
  expect(deletesOf([3, 2])).toEqual([['text:description', 3, 2]]);
  expect(deletesOf([2, 2])).toEqual([
    ['text:notes', 2, 1],
    ['text:description', 3, 1],
  ]);
});
