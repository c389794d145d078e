// The pages hang together: every link leads to a file that is there, to a heading or declaration of that name, and every
// page can be reached from the README.
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {hasAnchor, linksOf, pages} from './markdown.ts';

const links = pages.flatMap(linksOf);

test('every link leads to a file', () => {
  const broken = links.filter(({path}) => !existsSync(path)).map(({page, path}) => `${page}: ${path}`);
  expect(broken).toEqual([]);
});

test('every fragment names a heading, or something the file declares', () => {
  const broken = links
    .filter(({path, fragment}) => fragment !== '' && existsSync(path) && !hasAnchor(path, fragment))
    .map(({page, path, fragment}) => `${page}: ${path}#${fragment}`);
  expect(broken).toEqual([]);
});

test('a link in code font to a declaration says its name', () => {
  const odd = links
    .filter(
      ({text, fragment, path}) =>
        path.endsWith('.ts') && fragment !== '' && text.startsWith('`') && text !== `\`${fragment}\``,
    )
    .map(({page, text, fragment}) => `${page}: ${text} is not ${fragment}`);
  expect(odd).toEqual([]);
});

test('files named in code font exist', () => {
  const named = pages.flatMap((page) =>
    [
      ...readFileSync(page, 'utf8').matchAll(
        /`((?:crdt|db|server|test|scripts|bench|docs)\/[\w./-]*\w\.\w+)`/g,
      ),
    ].map(([, path = '']) => ({page, path})),
  );
  expect(named.filter(({path}) => !existsSync(path))).toEqual([]);
});

test('every page can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const {path} of linksOf(page)) {
      if (!existsSync(path)) continue;
      const found = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
      for (const one of found) if (pages.includes(one)) reached.add(one);
    }
  }
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

test('decisions are numbered without a gap and have the same parts', () => {
  const decisions = pages.filter((page) => page.startsWith('docs/decisions/')).sort();
  for (const [index, page] of decisions.entries()) {
    const text = readFileSync(page, 'utf8');
    expect(page).toMatch(new RegExp(`/${String(index + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`));
    expect(text).toMatch(new RegExp(`^# ${index + 1}\\. `));
    const parts = [...text.matchAll(/^## (.*)$/gm)].map(([, part]) => part);
    expect([page, ...parts]).toEqual([page, 'Context', 'Options', 'Choice', 'Consequences']);
  }
});
