// Figures that several scenarios print.
import type {Cost} from './scenario.ts';

/** A number of the full load, made smaller. */
export const scaled = (full: number, {scale, min}: {scale: number; min: number}): number =>
  Math.max(min, full * scale);

const MEGABYTE = 1_048_576;

export const megabytes = (bytes: number): number => bytes / MEGABYTE;

/** us of CPU per edit, and MB. */
export const perEdit = (cost: Cost, edits: number) => ({
  cpuPerEdit: (cost.serverCpuSeconds * 1e6) / edits,
  postgresPerEdit: (cost.postgresCpuSeconds * 1e6) / edits,
  peak: megabytes(cost.serverPeakBytes),
});
