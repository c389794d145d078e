// What is counted of the inputs of one target, and how counts of several threads become one.

export interface Figures {
  readonly target: string;
  inputs: number;
  accepted: number;
  /** Milliseconds that the slowest took: the best of three, where it may be given thrice. */
  worstMs: number;
  /** Bytes that the heaviest allocated. */
  worstBytes: number;
}

export const emptyFigures = (target: string): Figures => ({
  target,
  inputs: 0,
  accepted: 0,
  worstMs: 0,
  worstBytes: 0,
});

export function addFigures(sums: Map<string, Figures>, {target, ...more}: Figures): void {
  const sum = sums.get(target) ?? emptyFigures(target);
  sum.inputs += more.inputs;
  sum.accepted += more.accepted;
  sum.worstMs = Math.max(sum.worstMs, more.worstMs);
  sum.worstBytes = Math.max(sum.worstBytes, more.worstBytes);
  sums.set(target, sum);
}
