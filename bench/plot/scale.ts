// From figures to places on paper, and where an axis has its marks.

export interface Scale {
  /** Place of a figure. */
  at(value: number): number;
  readonly marks: readonly number[];
}

/** A figure as an axis or a bar shows it. */
export function formatFigure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  return size >= 100 ? value.toFixed(0) : trimmed(value);
}

const trimmed = (value: number): string => String(Number(value.toPrecision(3)));

const STEPS = [1, 2, 2.5, 5, 10];
const MARKS_WANTED = 6;

/** From 0 to a little past the largest. */
export function linearScale(largest: number, place: {from: number; to: number}): Scale {
  const top = largest > 0 ? largest : 1;
  const power = 10 ** Math.floor(Math.log10(top / MARKS_WANTED));
  const step = power * (STEPS.find((candidate) => top / MARKS_WANTED <= candidate * power) ?? 10);
  const count = Math.ceil(top / step);
  const marks = Array.from({length: count + 1}, (_, index) => index * step);
  return {marks, at: (value) => place.from + ((place.to - place.from) * value) / (count * step)};
}

/** Whole powers of ten around the figures; with few of them, 2 and 5 between as well. Figures are above 0. */
export function logScale(values: readonly number[], place: {from: number; to: number}): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  const between = high - low <= 3 ? [1, 2, 5] : [1];
  const powers = Array.from({length: high - low}, (_, index) => 10 ** (low + index));
  const marks = [...powers.flatMap((power) => between.map((factor) => power * factor)), 10 ** high];
  return {
    marks,
    at: (value) => place.from + ((place.to - place.from) * (Math.log10(value) - low)) / (high - low),
  };
}
