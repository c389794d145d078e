import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {equivalents} from './equivalents.ts';
import {mutantGroups} from './groups.ts';

test('a mutant that makes no difference is of code that is there, in a file of a group', () => {
  const changed = mutantGroups.flatMap((group) => group.changed);
  const gone = equivalents.filter(
    ({file, code}) => !changed.includes(file) || !readFileSync(file, 'utf8').includes(code),
  );
  expect(gone).toEqual([]);
});

test('every file of a group exists, and is in one group', () => {
  const files = mutantGroups.flatMap(({changed, tests}) => [...changed, ...tests]);
  expect(new Set(files).size).toBe(files.length);
  for (const file of files) expect(readFileSync(file, 'utf8'), file).not.toBe('');
});
