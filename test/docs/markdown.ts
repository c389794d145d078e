// Reading the repository's pages: which there are, their links, and what a link's fragment may name.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';

/** Pages that git tracks, and those about to be. */
export const pages: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--', 'README.md', 'docs', 'bench/README.md'],
  {encoding: 'utf8'},
)
  .split('\n')
  .filter((path) => path.endsWith('.md') && existsSync(path));

export interface Link {
  readonly page: string;
  readonly text: string;
  /** From the root of the repository. */
  readonly path: string;
  /** Behind `#`; empty if there is none. */
  readonly fragment: string;
}

/** Links to files of the repository. */
export function linksOf(page: string): Link[] {
  const text = readFileSync(page, 'utf8').replace(/^```[^]*?^```/gm, '');
  return [...text.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .map(([, label = '', target = '']) => ({label, target}))
    .filter(({target}) => !/^[a-z]+:/.test(target))
    .map(({label, target}) => {
      const [path = '', fragment = ''] = target.split('#');
      return {page, text: label, path: path === '' ? page : normalize(join(dirname(page), path)), fragment};
    });
}

/** As GitHub makes anchors of headings. */
const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

/** Whether a file has what a link's fragment names: a heading of a page, a declaration of a source file. */
export function hasAnchor(path: string, fragment: string): boolean {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.md')) {
    return [...text.matchAll(/^#+ (.*)$/gm)].some(([, heading = '']) => slugOf(heading) === fragment);
  }
  const declaration = new RegExp(
    `^(?:export )?(?:async )?(?:function|const|class|interface|type) ${fragment}\\b`,
    'm',
  );
  return declaration.test(text);
}
