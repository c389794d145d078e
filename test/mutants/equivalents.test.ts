import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {equivalents} from './equivalents.ts';
import {mutantGroups} from './groups.ts';

test('a mutant that makes no difference is of code that is there, in a file of a group', () => {
  const changed = mutantGroups.flatMap((group) => group.changed);
  const gone = equivalents.filter(({file, code, onLine = ''}) => {
    if (!changed.includes(file)) return true;
    const text = readFileSync(file, 'utf8');
    const [begun = ''] = code.split('\n');
    const isOnLine = text.split('\n').some((line) => line.includes(onLine) && line.includes(begun));
    return !isOnLine || !text.includes(code);
  });
  expect(gone).toEqual([]);
});

test('every file of a group exists, and is in one group', () => {
  const files = mutantGroups.flatMap(({changed, tests}) => [...changed, ...tests]);
  expect(new Set(files).size).toBe(files.length);
  for (const file of files) expect(readFileSync(file, 'utf8'), file).not.toBe('');
});
