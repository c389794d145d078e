// Text as it is set: broken into lines that fit, each cut into pieces of one font in the order in which they stand on
// paper. Knows right-to-left text; shaping letters within a piece is the font's.
import bidiFactory, {type Bidi} from 'bidi-js';
import type {ChooseFace, Face, Weight} from './faces.ts';

/** One font, one direction. `text` in reading order if `isRightToLeft`, as it stands on paper otherwise. */
export interface Piece {
  readonly text: string;
  readonly face: Face;
  readonly isRightToLeft: boolean;
}

export interface Line {
  /** From left to right. */
  readonly pieces: readonly Piece[];
  readonly width: number;
  /** Whether the paragraph reads from right to left. */
  readonly isRightToLeft: boolean;
}

export interface TextStyle {
  readonly size: number;
  readonly weight: Weight;
}

export interface Measure {
  readonly choose: ChooseFace;
  readonly widthOf: (piece: Piece, size: number) => number;
}

// What Node makes of the package is its function, not the module that its types describe.
const bidi = (bidiFactory as unknown as () => Bidi)();
/** Shown for what no font has. */
const UNKNOWN = '?';
const rightToLeft = /[\p{sc=Arabic}\p{sc=Hebrew}]/u;
/** May be parted from what is before it and after it. */
const ideograph = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}';
const words = new RegExp(`[${ideograph}][、。，．！？」』）々ー]*\\s*|[^\\s${ideograph}]+\\s*|\\s+`, 'gu');
const graphemes = new Intl.Segmenter('en', {granularity: 'grapheme'});

/** At least one line, none wider than `width` unless a single character is. Line breaks of the text are kept. */
export function breakLines(text: string, style: TextStyle & {width: number}, measure: Measure): Line[] {
  return text.split('\n').flatMap((paragraph) => breakParagraph(paragraph, style, measure));
}

function breakParagraph(
  text: string,
  {width, ...style}: TextStyle & {width: number},
  measure: Measure,
): Line[] {
  const isRightToLeft = bidi.getEmbeddingLevels(text, 'auto').paragraphs[0]?.level === 1;
  const set = (part: string): Line => setLine(part.trimEnd(), {...style, isRightToLeft}, measure);
  const lines: Line[] = [];
  let current = '';
  for (const word of text.match(words) ?? []) {
    if (current !== '' && set(current + word).width > width) {
      lines.push(set(current));
      current = '';
    }
    current += word;
    while (set(current).width > width) {
      const fitting = longestStart(current, (start) => set(start).width <= width);
      if (fitting === current) break;
      lines.push(set(fitting));
      current = current.slice(fitting.length);
    }
  }
  return [...lines, set(current)];
}

/** At least one character. */
function longestStart(text: string, fits: (start: string) => boolean): string {
  let start = '';
  for (const {segment} of graphemes.segment(text)) {
    if (start !== '' && !fits(start + segment)) return start;
    start += segment;
  }
  return start;
}

function setLine(
  text: string,
  {size, weight, isRightToLeft}: TextStyle & {isRightToLeft: boolean},
  {choose, widthOf}: Measure,
): Line {
  const {levels} = bidi.getEmbeddingLevels(text, isRightToLeft ? 'rtl' : 'ltr');
  const pieces = inVisualOrder(piecesOf(text, {levels, weight, choose}));
  return {pieces, isRightToLeft, width: pieces.reduce((sum, piece) => sum + widthOf(piece, size), 0)};
}

interface Levelled extends Piece {
  readonly level: number;
}

/** In reading order. Characters that only steer the order are left out; a narrow or fixed space is a space. */
function piecesOf(
  text: string,
  {levels, weight, choose}: {levels: Uint8Array; weight: Weight; choose: ChooseFace},
): Levelled[] {
  const pieces: {text: string; face: Face; level: number}[] = [];
  let index = 0;
  for (const sign of text) {
    const level = levels[index] ?? 0;
    index += sign.length;
    if (/\p{Cf}/u.test(sign)) continue;
    const last = pieces.at(-1);
    const shown = /\s/u.test(sign) ? ' ' : level % 2 === 1 ? (bidi.getMirroredCharacter(sign) ?? sign) : sign;
    const given = choose(shown.codePointAt(0) ?? 0, weight, last?.face);
    const face = given ?? choose(UNKNOWN.charCodeAt(0), weight, last?.face);
    if (face === undefined) continue;
    const part = given === undefined ? UNKNOWN : shown;
    if (last?.face === face && last.level === level) last.text += part;
    else pieces.push({text: part, face, level});
  }
  return pieces.map(({text: part, face, level}) => {
    const isOdd = level % 2 === 1;
    const isShaped = isOdd && rightToLeft.test(part);
    return {
      text: isOdd && !isShaped ? Array.from(part).reverse().join('') : part,
      face,
      level,
      isRightToLeft: isShaped,
    };
  });
}

/** Rule L2 of the Unicode bidirectional algorithm: from the highest level down, runs at or above it are reversed. */
function inVisualOrder(pieces: Levelled[]): Piece[] {
  const ordered = [...pieces];
  const highest = Math.max(0, ...pieces.map(({level}) => level));
  for (let level = highest; level >= 1; level--) {
    for (let from = 0; from < ordered.length; from++) {
      let to = from;
      while ((ordered[to]?.level ?? -1) >= level) to++;
      if (to > from) ordered.splice(from, to - from, ...ordered.slice(from, to).reverse());
      from = Math.max(from, to - 1);
    }
  }
  return ordered;
}
