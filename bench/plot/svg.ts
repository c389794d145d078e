// The little SVG that the plots need: text, lines and boxes in a frame with a title. Written by hand, since a chart
// library would be the larger half of the bench.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Font of the PNGs too; see png.ts. */
export const FONT = 'DejaVu Sans';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): string => String(Math.round(value * 10) / 10);

export const textAt = (
  {x, y}: Point,
  text: string,
  style: {
    size?: number;
    anchor?: 'start' | 'middle' | 'end';
    color?: string;
    bold?: boolean;
    turned?: boolean;
  } = {},
): string => {
  const {size = 13, anchor = 'start', color = '#333', bold = false, turned = false} = style;
  const turn = turned ? ` transform="rotate(-90 ${round(x)} ${round(y)})"` : '';
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="${color}"${weight}${turn}>${escaped(text)}</text>`;
};

export const lineFrom = (from: Point, to: Point, {color = '#ddd', width = 1} = {}): string =>
  `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}" stroke="${color}" stroke-width="${width}"/>`;

export const boxAt = ({x, y}: Point, size: {width: number; height: number}, color: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, size.width))}" height="${round(size.height)}" fill="${color}"/>`;

export const dotAt = ({x, y}: Point, color: string): string =>
  `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${color}"/>`;

export const pathThrough = (
  points: readonly Point[],
  color: string,
  {isDashed = false, width = 2.2} = {},
): string => {
  const d = points.map(({x, y}, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  const dash = isDashed ? ' stroke-dasharray="6 4"' : '';
  return `<path d="${d}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${dash}/>`;
};

/** A whole file. `note` stands small at the foot. */
export const drawing = (
  {width, height, title, note}: {width: number; height: number; title: string; note: string},
  parts: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}, sans-serif">`,
    boxAt({x: 0, y: 0}, {width, height}, '#ffffff'),
    textAt({x: 20, y: 30}, title, {size: 17, bold: true, color: '#111'}),
    ...parts,
    textAt({x: 20, y: height - 12}, note, {size: 11, color: '#777'}),
    '</svg>',
    '',
  ].join('\n');
