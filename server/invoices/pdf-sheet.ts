// A4 sheets to draw on: text in any script, placed by its box; mirrored for languages that read from right to left.
import PDFDocument from 'pdfkit';
import type {ChooseFace, Face, Weight} from './faces.ts';
import {breakLines, type Line, type Measure, type Piece} from './text-lines.ts';

/** Points. */
export const page = {width: 595.28, height: 841.89, margin: 48} as const;
export const inner = {left: page.margin, width: page.width - 2 * page.margin} as const;

/** start: where reading begins. */
export type Align = 'start' | 'end';

export interface TextBox {
  readonly x: number;
  /** Of the upper edge. */
  readonly y: number;
  readonly width: number;
  readonly size: number;
  readonly weight?: Weight;
  readonly align?: Align;
  readonly color?: string;
}

const LEADING = 1.36;
const ASCENT = 1.07;
const INK = '#1f2933';

export interface Sheet {
  /** Answers the height that the text takes. */
  text(text: string, box: TextBox): number;
  /** Without drawing. */
  heightOf(text: string, box: Pick<TextBox, 'width' | 'size' | 'weight'>): number;
  fill(box: {x: number; y: number; width: number; height: number}, color: string): void;
  /** Large and faint, over everything on the page. */
  stamp(text: string): void;
  newPage(): void;
  /** Draws on each page in turn. */
  onEachPage(draw: (number: number, count: number) => void): void;
  finish(): Promise<Uint8Array>;
}

export interface SheetSettings {
  readonly choose: ChooseFace;
  readonly isMirrored: boolean;
  readonly title: string;
  readonly author: string;
  /** Written as when the file was made. */
  readonly date: Date;
}

/** The same settings and calls make the same bytes. */
export function createSheet({choose, isMirrored, title, author, date}: SheetSettings): Sheet {
  const info = {Title: title, Author: author, Producer: 'Fieldmerge', Creator: 'Fieldmerge'};
  const pdf = new PDFDocument({
    size: [page.width, page.height],
    margin: 0,
    bufferPages: true,
    info: {...info, CreationDate: date, ModDate: date},
  });
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', resolve);
    pdf.on('error', reject);
  });
  const registered = new Set<string>();
  const use = (face: Face, size: number): void => {
    if (!registered.has(face.name)) pdf.registerFont(face.name, face.bytes);
    registered.add(face.name);
    pdf.font(face.name).fontSize(size);
  };
  const measure: Measure = {
    choose,
    widthOf(piece, size) {
      use(piece.face, size);
      return pdf.widthOfString(piece.text, {features: featuresOf(piece)});
    },
  };
  // Rows are measured before they are drawn, and figures repeat.
  const known = new Map<string, readonly Line[]>();
  const set = (
    text: string,
    {width, size, weight = 'regular'}: Pick<TextBox, 'width' | 'size' | 'weight'>,
  ): readonly Line[] => {
    const key = `${width}/${size}/${weight}/${text}`;
    const lines = known.get(key) ?? breakLines(text, {width, size, weight}, measure);
    known.set(key, lines);
    return lines;
  };
  const leftOf = ({x, width}: {x: number; width: number}): number =>
    isMirrored ? page.width - x - width : x;
  const drawLine = (line: Line, {x, y, size, color}: {x: number; y: number; size: number; color: string}) => {
    let at = x;
    for (const piece of line.pieces) {
      use(piece.face, size);
      pdf
        .fillColor(color)
        .strokeColor(color)
        .lineWidth(piece.face.outline * size)
        .lineJoin('round');
      pdf.text(piece.text, at, y, {
        lineBreak: false,
        baseline: 'alphabetic',
        features: featuresOf(piece),
        fill: true,
        stroke: piece.face.outline > 0,
      });
      at += measure.widthOf(piece, size);
    }
  };
  return {
    text(text, box) {
      const {width, y, size, align = 'start', color = INK} = box;
      const lines = set(text, box);
      for (const [index, line] of lines.entries()) {
        const isAtRight = align === 'end' ? !isMirrored : isMirrored || line.isRightToLeft;
        const x = leftOf(box) + (isAtRight ? width - line.width : 0);
        drawLine(line, {x, y: y + size * (ASCENT + index * LEADING), size, color});
      }
      return lines.length * size * LEADING;
    },
    heightOf: (text, box) => set(text, box).length * box.size * LEADING,
    fill({x, y, width, height}, color) {
      pdf.rect(leftOf({x, width}), y, width, height).fill(color);
    },
    stamp(text) {
      const size = 90;
      const [line] = set(text, {width: page.height, size, weight: 'bold'});
      if (line === undefined) return;
      const center: [number, number] = [page.width / 2, page.height / 2];
      pdf.save();
      pdf.rotate(-45, {origin: center}).opacity(0.1);
      drawLine(line, {x: center[0] - line.width / 2, y: center[1] + size / 3, size, color: '#b91c1c'});
      pdf.restore();
    },
    newPage: () => void pdf.addPage(),
    onEachPage(draw) {
      const {count} = pdf.bufferedPageRange();
      for (let index = 0; index < count; index++) {
        pdf.switchToPage(index);
        draw(index + 1, count);
      }
    },
    async finish() {
      pdf.end();
      await ended;
      return Buffer.concat(chunks);
    },
  };
}

// Named features make the library lay out a piece as a whole: by words it would leave their order from left to right.
const featuresOf = ({isRightToLeft}: Piece): PDFKit.Mixins.OpenTypeFeatures[] | undefined =>
  isRightToLeft ? ['rtla'] : undefined;
