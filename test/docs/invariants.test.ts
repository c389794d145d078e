// docs/reliability.md lists invariants with their tests, and those tests name them. Neither may say what the other does not.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join, normalize} from 'node:path';
import {expect, test} from 'vitest';

interface Pair {
  readonly invariant: string;
  readonly path: string;
  /** Part of the title of a test; or the name of a script, which is one test as a whole. */
  readonly title: string;
}

const page = readFileSync('docs/reliability.md', 'utf8');
const rows = [...page.slice(page.indexOf('<!-- invariants -->')).matchAll(/^\| (I\d+) *\|.*\|(.*)\|$/gm)];
const listed: Pair[] = rows.flatMap(([, invariant = '', tests = '']) =>
  [...tests.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, title = '', target = '']) => ({
    invariant,
    title,
    path: normalize(join('docs', target)),
  })),
);

const sources = execFileSync('git', ['ls-files', '--', '*.ts'], {encoding: 'utf8'})
  .split('\n')
  .filter((path) => path !== '' && existsSync(path));

/** Marks in the sources, each with the lines that follow it. */
const marked = sources.flatMap((path) =>
  [
    ...readFileSync(path, 'utf8').matchAll(
      /^ *\/\/ (I\d+) of docs\/reliability\.md\.\n(?=((?:.*\n){1,6}))/gm,
    ),
  ].map(([, invariant = '', below = '']) => ({invariant, path, below})),
);

test('the list has invariants, each once and in order', () => {
  const numbers = rows.map(([, invariant = '']) => Number(invariant.slice(1)));
  expect(numbers.length).toBeGreaterThan(20);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

test('every listed test is there and names its invariant', () => {
  const missing = listed.filter(
    ({invariant, path, title}) =>
      !marked.some(
        (mark) =>
          mark.invariant === invariant &&
          mark.path === path &&
          (mark.below.includes(title) || path.endsWith(`/${title}`)),
      ),
  );
  expect(missing).toEqual([]);
});

test('every test that names an invariant is listed with it', () => {
  const unlisted = marked
    .filter((mark) => !listed.some(({invariant, path}) => invariant === mark.invariant && path === mark.path))
    .map(({invariant, path}) => `${path} names ${invariant}`);
  expect(unlisted).toEqual([]);
});

test('no test names an invariant of another page', () => {
  const elsewhere = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/^ *\/\/ I\d+ of (?!docs\/reliability\.md\.$).*$/gm)].map(
      ([mark]) => `${path}: ${mark.trim()}`,
    ),
  );
  expect(elsewhere).toEqual([]);
});
