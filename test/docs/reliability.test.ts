// docs/reliability.md promises figures that anybody can have again: its commands exist, its figures have a day.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {z} from 'zod';

const page = readFileSync('docs/reliability.md', 'utf8');
const {scripts} = z
  .object({scripts: z.record(z.string(), z.string())})
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

/** Commands in code font or in a block: what starts with a program, after what it is told by the environment. */
const commands = [...page.matchAll(/(?:^|`)((?:[A-Z_]+=\S+ )*(?:npm|npx|node) [^`\n]+)/gm)].map(
  ([, command = '']) => command,
);

const sources = execFileSync('git', ['ls-files', '--', '*.ts'], {encoding: 'utf8'})
  .split('\n')
  .filter((path) => path !== '' && existsSync(path))
  .map((path) => readFileSync(path, 'utf8'));

/** Rows of a table, without its head, as cells. */
const rowsBelow = (head: RegExp): string[][] =>
  [...page.matchAll(head)].flatMap(({0: {length}, index}) =>
    (/^(?:\|.*\n)*/.exec(page.slice(index + length))?.[0] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  );
const figures = rowsBelow(/^\| Command *\| Printed *\| On *\|\n\|[ |-]+\|\n/gm);

test('every script that is named exists', () => {
  const named = commands.flatMap((command) => /npm (?:run (?:--\S+ )*)([\w:-]+)/.exec(command)?.[1] ?? []);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test('every file that a command runs exists', () => {
  const named = commands.flatMap((command) => [...command.matchAll(/[\w./-]+\.ts\b/g)].map(([path]) => path));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test('every setting that a command is given is read somewhere', () => {
  const named = commands.flatMap((command) =>
    [...command.matchAll(/(?:^| )([A-Z_]+)=/g)].map(([, name = '']) => name),
  );
  const unread = named.filter(
    (name) =>
      !sources.some((text) => text.includes(`process.env['${name}']`) || text.includes(`env.${name}`)),
  );
  expect(unread).toEqual([]);
});

test('every figure has its command and its day', () => {
  expect(figures.length).toBeGreaterThan(0);
  const odd = figures.filter(
    ([command = '', printed = '', day = '']) =>
      !/^`[^`]+`$/.test(command) || !/\d/.test(printed) || !/^\d{4}-\d{2}-\d{2}$/.test(day),
  );
  expect(odd).toEqual([]);
});
