// docs/dependencies.md says of each package that production installs why it is there: of each, and of no other.
import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {z} from 'zod';

const names = z.record(z.string(), z.string());
const manifest = z
  .object({dependencies: names, optionalDependencies: names, devDependencies: names})
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const production = {...manifest.dependencies, ...manifest.optionalDependencies};
const rows = readFileSync('docs/dependencies.md', 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, name = '']) => name.startsWith('`'))
  .map(([, name = '', why = '', replacement = '']) => ({name: name.slice(1, -1), why, replacement}));

test('every production dependency has a row, and every row is one', () => {
  expect(rows.map(({name}) => name).toSorted()).toEqual(Object.keys(production).toSorted());
});

test('every row says why, and what it would take to replace it', () => {
  expect(rows.filter(({why, replacement}) => why === '' || replacement === '')).toEqual([]);
});

test('versions are exact', () => {
  const exact = /^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
  const all = Object.entries({...production, ...manifest.devDependencies});
  expect(all.filter(([, version]) => !exact.test(version))).toEqual([]);
});
