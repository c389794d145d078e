// docs/generated/limits.md: every bound, with the comment that stands above it in the source.
import {readFileSync} from 'node:fs';
import * as limits from '#crdt/protocol/limits.ts';
import {code, markdownPage, table, type Page} from './page.ts';

const SOURCE = 'crdt/protocol/limits.ts';

/** A comment holds for the constants below it, up to the next comment or an empty line. */
function readNotes(source: string): Map<string, string> {
  const notes = new Map<string, string>();
  let note = '';
  for (const line of source.split('\n')) {
    const comment = /^\/\*\* (.*) \*\/$/.exec(line)?.[1];
    const name = /^export const (\w+) =/.exec(line)?.[1];
    if (comment !== undefined) note = comment;
    else if (name !== undefined) notes.set(name, note);
    else note = '';
  }
  return notes;
}

export function limitsPage(): Page {
  const notes = readNotes(readFileSync(SOURCE, 'utf8'));
  const rows = Object.entries(limits)
    .map(([name, value]) => ({name, value, note: notes.get(name) ?? ''}))
    .sort((a, b) => [...notes.keys()].indexOf(a.name) - [...notes.keys()].indexOf(b.name));
  const bare = rows.filter(({note}) => note === '').map(({name}) => name);
  if (bare.length > 0) throw new Error(`Limits without a comment on one line: ${bare.join(', ')}`);
  return markdownPage('docs/generated/limits.md', {
    title: 'Limits',
    source: SOURCE,
    body: [
      table(
        ['Limit', 'Value', 'Of what'],
        rows.map(({name, value, note}) => [code(name), value.toLocaleString('en-GB'), note]),
      ),
    ],
  });
}
