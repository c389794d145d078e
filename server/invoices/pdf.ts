// Lays out an invoice or credit note on A4: who and whom, what, how much; long lists go over pages under a repeated head.
import {loadFaces} from './faces.ts';
import {createSheet, inner, page, type Align, type Sheet} from './pdf-sheet.ts';
import {print, type Printed, type PrintedLine} from './printed.ts';
import type {Bill} from './read-bill.ts';

const GREY = '#616e7c';
const FAINT = '#f1f4f8';
const RULE = '#cbd2d9';

const FOOT = 30;
const bottom = page.height - page.margin - FOOT;
const TEXT = 9.5;
const PADDING = 5;

/** The same bill, the same bytes. */
export async function printDocument(bill: Bill): Promise<Uint8Array> {
  const printed = print(bill);
  const {issueDate} = bill.fields;
  const sheet = createSheet({
    choose: await loadFaces([JSON.stringify(printed), '?'], printed.language),
    isMirrored: /^(?:ar|he|fa|ur)\b/.test(printed.language),
    title: [printed.title, bill.fields.number].filter((part) => typeof part === 'string').join(' '),
    author: printed.seller,
    date: new Date(typeof issueDate === 'string' ? `${issueDate}T00:00:00Z` : 0),
  });
  const y = drawHead(sheet, printed);
  drawEnd(sheet, printed, drawLines(sheet, printed, y));
  sheet.onEachPage((number, count) => drawFrame(sheet, printed, {number, count}));
  return sheet.finish();
}

/** Answers where the lines may begin. */
function drawHead(sheet: Sheet, {seller, title, words, billTo, facts}: Printed): number {
  const half = inner.width / 2 - 12;
  const right = inner.left + inner.width - half;
  const top = page.margin;
  const sellerHeight = sheet.text(seller, {x: inner.left, y: top, width: half, size: 15, weight: 'bold'});
  const titleHeight = sheet.text(title, {
    x: right,
    y: top,
    width: half,
    size: 22,
    weight: 'bold',
    align: 'end',
    color: GREY,
  });
  const start = top + Math.max(sellerHeight, titleHeight) + 22;
  let left = start;
  if (billTo.length > 0)
    left += sheet.text(words.billTo, {x: inner.left, y: left, width: half, size: 8, color: GREY}) + 2;
  for (const [index, text] of billTo.entries())
    left += sheet.text(text, {
      x: inner.left,
      y: left,
      width: half,
      size: index === 0 ? 11 : TEXT,
      weight: index === 0 ? 'bold' : 'regular',
    });
  let at = start;
  for (const [label, value] of facts) {
    const labelHeight = sheet.text(label, {x: right, y: at, width: half * 0.5, size: TEXT, color: GREY});
    const box = {
      x: right + half * 0.5,
      y: at,
      width: half * 0.5,
      size: TEXT,
      weight: 'bold',
      align: 'end',
    } as const;
    at += Math.max(labelHeight, sheet.text(value, box)) + 2;
  }
  return Math.max(left, at) + 24;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: Align;
  readonly of: (line: PrintedLine) => string;
}

/** Those that some line has something for. Figures get their width, the description what is left. */
function columnsOf({words, hasDiscounts, hasTaxes}: Printed): readonly Column[] {
  const figures: readonly Column[] = [
    {title: words.quantity, width: 68, align: 'end', of: ({quantity}) => quantity},
    {title: words.unitPrice, width: 88, align: 'end', of: ({unitPrice}) => unitPrice},
    ...(hasDiscounts
      ? [{title: words.discount, width: 52, align: 'end', of: ({discount}) => discount} satisfies Column]
      : []),
    ...(hasTaxes ? [{title: words.tax, width: 50, align: 'end', of: ({tax}) => tax} satisfies Column] : []),
    {title: words.amount, width: 92, align: 'end', of: ({amount}) => amount},
  ];
  const taken = figures.reduce((sum, {width}) => sum + width, 0);
  const description: Column = {
    title: words.description,
    width: inner.width - taken,
    align: 'start',
    of: (line) => line.description,
  };
  return [description, ...figures];
}

/** Answers where the next thing may begin. */
function drawLines(sheet: Sheet, printed: Printed, y: number): number {
  if (printed.lines.length === 0) return y;
  const columns = columnsOf(printed);
  const drawTitles = (at: number): number =>
    at + drawRow(sheet, columns, {y: at, isTitle: true, of: ({title}) => title});
  let at = drawTitles(y);
  for (const line of printed.lines) {
    const of = (column: Column): string => column.of(line);
    const height = rowHeight(sheet, columns, of);
    if (at + height > bottom) {
      sheet.newPage();
      at = drawTitles(page.margin);
    }
    at += drawRow(sheet, columns, {y: at, isTitle: false, of});
    sheet.fill({x: inner.left, y: at, width: inner.width, height: 0.5}, RULE);
  }
  return at;
}

const rowHeight = (sheet: Sheet, columns: readonly Column[], of: (column: Column) => string): number =>
  2 * PADDING +
  Math.max(
    ...columns.map((column) => sheet.heightOf(of(column), {width: column.width - 2 * PADDING, size: TEXT})),
  );

/** Answers its height. */
function drawRow(
  sheet: Sheet,
  columns: readonly Column[],
  {y, isTitle, of}: {y: number; isTitle: boolean; of: (column: Column) => string},
): number {
  const style = {size: isTitle ? 8.5 : TEXT, weight: isTitle ? 'bold' : 'regular'} as const;
  const heights = columns.map((column) =>
    sheet.heightOf(of(column), {...style, width: column.width - 2 * PADDING}),
  );
  const height = Math.max(...heights) + 2 * PADDING;
  if (isTitle) sheet.fill({x: inner.left, y, width: inner.width, height}, FAINT);
  let x: number = inner.left;
  for (const column of columns) {
    const box = {x: x + PADDING, y: y + PADDING, width: column.width - 2 * PADDING, align: column.align};
    sheet.text(of(column), {...style, ...box, ...(isTitle ? {color: GREY} : {})});
    x += column.width;
  }
  return height;
}

const TOTALS_WIDTH = 270;

function drawEnd(sheet: Sheet, {totals, remark, notes}: Printed, y: number): void {
  let at = y + 10;
  const room = (height: number): void => {
    if (at + height <= bottom) return;
    sheet.newPage();
    at = page.margin;
  };
  // Kept together: a total alone on a page says nothing.
  room(totals.length * 20 + 20);
  const x = inner.left + inner.width - TOTALS_WIDTH;
  for (const [index, [label, value]] of totals.entries()) {
    const isTotal = index === totals.length - 1;
    if (isTotal) sheet.fill({x, y: at + 2, width: TOTALS_WIDTH, height: 26}, FAINT);
    const style = {
      y: at + (isTotal ? 7 : 3),
      size: isTotal ? 11.5 : TEXT,
      weight: isTotal ? 'bold' : 'regular',
    } as const;
    const half = (TOTALS_WIDTH - 2 * PADDING) / 2;
    const labelHeight = sheet.text(label, {...style, x: x + PADDING, width: half + 20});
    const valueHeight = sheet.text(value, {
      ...style,
      x: x + PADDING + half + 20,
      width: half - 20,
      align: 'end',
    });
    at += Math.max(labelHeight, valueHeight) + (isTotal ? 14 : 4);
  }
  if (remark !== null) {
    room(20);
    at += sheet.text(remark, {
      x,
      y: at + 2,
      width: TOTALS_WIDTH - PADDING,
      size: 8,
      align: 'end',
      color: GREY,
    });
  }
  at += 18;
  for (const paragraph of notes === '' ? [] : notes.split('\n')) {
    const box = {width: inner.width, size: TEXT};
    room(Math.min(sheet.heightOf(paragraph, box), bottom - page.margin));
    at += sheet.text(paragraph, {...box, x: inner.left, y: at});
  }
}

/** What every page has: its number, whose it is, and whether it counts. */
function drawFrame(
  sheet: Sheet,
  {seller, title, words, facts, stamp}: Printed,
  {number, count}: {number: number; count: number},
): void {
  const y = page.height - page.margin - 12;
  sheet.fill({x: inner.left, y: y - 6, width: inner.width, height: 0.5}, RULE);
  const pages = words.page.replace('{page}', String(number)).replace('{pages}', String(count));
  const name = facts.find(([label]) => label === words.number)?.[1];
  const whose = [seller, name === undefined ? title : `${title} ${name}`].join(' · ');
  const style = {y, size: 8, color: GREY} as const;
  sheet.text(whose, {...style, x: inner.left, width: inner.width - 100});
  sheet.text(pages, {...style, x: inner.left + inner.width - 100, width: 100, align: 'end'});
  if (stamp !== null) sheet.stamp(stamp);
}
