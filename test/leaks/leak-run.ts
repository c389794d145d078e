// Many connections, and what the server holds before, between and after: the same things, and no more memory.
import {isDeepStrictEqual} from 'node:util';
import {runCycles} from './cycles.ts';
import {settled, withoutHeap, type Stage} from './leak-stage.ts';
import type {Holdings} from './counted-server.ts';

export interface LeakResult {
  readonly cycles: number;
  readonly baseline: Holdings;
  readonly after: Holdings;
  /** After each part, the baseline first. */
  readonly heapBytes: readonly number[];
  /** Of the line that fits `heapBytes` best. */
  readonly bytesPerCycle: number;
}

/** Cycles before the baseline is taken: code is compiled and caches are filled by then. */
const WARM_CYCLES = 600;
const PARTS_MIN = 8;
const PART_CYCLES_MAX = 1_000;

/** isOver: asked after every part. */
export async function runLeaks(
  stage: Stage,
  {cycles, isOver = () => false}: {cycles: number; isOver?: () => boolean},
): Promise<LeakResult> {
  await runCycles(stage, {from: 0, to: WARM_CYCLES});
  const baseline = await settled(stage, null);
  const heapBytes = [baseline.heapBytes];
  const part = Math.min(PART_CYCLES_MAX, Math.ceil(cycles / PARTS_MIN));
  let after = baseline;
  let done = 0;
  while (done < cycles && !isOver()) {
    const from = WARM_CYCLES + done;
    await runCycles(stage, {from, to: from + part});
    done += part;
    after = await settled(stage, baseline);
    heapBytes.push(after.heapBytes);
    // It is not waited for that again after every other part.
    if (!isDeepStrictEqual(withoutHeap(after), withoutHeap(baseline))) break;
  }
  return {cycles: done, baseline, after, heapBytes, bytesPerCycle: slopeOf(heapBytes) / part};
}

/** Least squares over equal steps. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let over = 0;
  let under = 0;
  for (const [at, value] of values.entries()) {
    over += (at - middle) * (value - mean);
    under += (at - middle) ** 2;
  }
  return over / under;
}

export function tellLeaks({cycles, baseline, after, heapBytes, bytesPerCycle}: LeakResult): string {
  const megabytes = heapBytes.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ');
  return [
    `${cycles.toLocaleString('en-US')} cycles, ${bytesPerCycle.toFixed(1)} bytes of heap per cycle`,
    `heap after each part, MB: ${megabytes}`,
    `before: ${JSON.stringify(baseline)}`,
    `after:  ${JSON.stringify(after)}`,
  ].join('\n');
}

/** Growth that compiled code and the noise of a collection account for, whatever the number of cycles. */
export const HEAP_GROWTH_BYTES_MAX = 6e6;

/** By the line through all parts, so that one odd reading decides nothing. */
export const heapGrowthOf = ({bytesPerCycle, cycles}: LeakResult): number => bytesPerCycle * cycles;
