// Percentiles of one trial, and the middle of several.

/** `sorted` ascending; share 0..1. NaN of nothing. */
export const percentile = (sorted: Float64Array | readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;

/** Shares at which distributions are kept: enough for a curve with a long tail. */
export const QUANTILES: readonly number[] = [
  ...Array.from({length: 90}, (_, index) => (index + 1) / 100),
  ...[0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999],
];

/** `sorted` ascending. */
export const quantilesOf = (sorted: Float64Array): number[] =>
  QUANTILES.map((share) => percentile(sorted, share));

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** NaN where a trial measured nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return {median, low: sorted[0] ?? NaN, high: sorted.at(-1) ?? NaN};
}
