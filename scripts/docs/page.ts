// What the generated pages share: a heading that says where they come from, and tables.

/** A generated page: its path from the root of the repository, and its whole text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** source: the file to edit instead of the page. */
export const markdownPage = (
  path: string,
  {title, source, body}: {title: string; source: string; body: readonly string[]},
): Page => ({
  path,
  text: [
    `# ${title}`,
    `Printed by \`npm run docs\` from [${source}](../../${source}). Edit that file, not this page.`,
    ...body,
  ]
    .join('\n\n')
    .concat('\n'),
});

/** Cells may hold any text but line breaks. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export const code = (text: string | number): string => `\`${text}\``;
