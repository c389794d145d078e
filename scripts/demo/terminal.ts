// How the demo looks: colours (none with NO_COLOR or into a file), headings, columns. 96 columns wide.
import {stripVTControlCharacters} from 'node:util';

const WIDTH = 96;
const isColoured =
  (process.env['NO_COLOR'] ?? '') === '' &&
  (process.stdout.isTTY || (process.env['FORCE_COLOR'] ?? '') !== '');

export type Paint = (text: string) => string;

const paint =
  (on: number, off: number): Paint =>
  (text) =>
    isColoured ? `\u001b[${on}m${text}\u001b[${off}m` : text;

export const bold = paint(1, 22);
export const dim = paint(2, 22);
export const red = paint(31, 39);
export const green = paint(32, 39);
export const yellow = paint(33, 39);
export const blue = paint(34, 39);
export const magenta = paint(35, 39);
export const cyan = paint(36, 39);

export const print = (line = ''): void => console.log(line);

const lengthOf = (text: string): number => stripVTControlCharacters(text).length;

/** Fills with spaces to a width; colours take no room. */
export const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - lengthOf(text)));

export function title(left: string, right: string): void {
  print();
  print(
    `  ${bold(left)}${' '.repeat(Math.max(2, WIDTH - 2 - lengthOf(left) - lengthOf(right)))}${dim(right)}`,
  );
}

let chapters = 0;
export function chapter(text: string): void {
  chapters++;
  const head = ` ${chapters}  ${text} `;
  print();
  print(`  ${bold(head.trim())} ${dim('─'.repeat(Math.max(2, WIDTH - 2 - lengthOf(head) + 1)))}`);
  print();
}

/** Lines of at most `width` characters, broken at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

export const paragraph = (text: string): void => {
  for (const line of wrap(text, WIDTH - 4)) print(`     ${line}`);
};

/** A name in the margin and what belongs to it, over several lines. */
export function entry(name: string, lines: readonly string[], width = 14): void {
  lines.forEach((line, index) => print(`     ${pad(index === 0 ? name : '', width)}${line}`));
}

/** Hours and minutes of this machine's clock. */
export const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'});
