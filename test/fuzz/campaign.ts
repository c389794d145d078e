// Many inputs on a few threads. Each thread is ended and begun anew when an input hangs it or fills its memory, so that
// one failure does not hide the next.
import {addFigures, type Figures} from './figures.ts';
import type {TargetOf} from './target.ts';
import {ROW_INPUTS, type Failure} from './try-row.ts';
import {runThread, type ThreadLimits} from './watched-thread.ts';

export interface CampaignOptions extends Partial<ThreadLimits> {
  /** Rounded up to whole rows. */
  readonly inputs: number;
  readonly seed: number;
  readonly threads?: number;
  /** The row to begin at: to see one again, or to go on where a campaign of this seed stopped. */
  readonly firstRow?: number;
  /** URL of the module that exports `targetOf`. */
  readonly targets?: string;
  /** Asked after every row. */
  readonly isOver?: () => boolean;
}

export interface CampaignResult {
  readonly figures: readonly Figures[];
  readonly failures: readonly Failure[];
  /** The first row that was not begun: all from the first one up to it were tried. */
  readonly nextRow: number;
}

/** After so many there is enough to look at. */
const FAILURES_MAX = 10;
const INPUT_MS_MAX = 250;
const MEMORY_MB_MAX = 192;

export async function runCampaign({
  inputs,
  seed,
  threads = 2,
  firstRow = 0,
  inputMsMax = INPUT_MS_MAX,
  memoryMbMax = MEMORY_MB_MAX,
  targets = new URL('targets.ts', import.meta.url).href,
  isOver = () => false,
}: CampaignOptions): Promise<CampaignResult> {
  const {targetOf} = (await import(targets)) as {targetOf: TargetOf};
  const rows = firstRow + Math.ceil(inputs / ROW_INPUTS);
  const nextRow = new Int32Array(new SharedArrayBuffer(4)).fill(firstRow);
  const sums = new Map<string, Figures>();
  const failures: Failure[] = [];
  const noteFailure = (failure: Failure): void => {
    failures.push(failure);
    if (failures.length >= FAILURES_MAX) stop();
  };
  let endRow = rows;
  /** No row is left for anybody. */
  const stop = (): void => {
    endRow = Math.min(endRow, Atomics.exchange(nextRow, 0, rows));
  };
  const runOne = async (): Promise<void> => {
    while (Atomics.load(nextRow, 0) < rows) {
      await runThread(
        {seed, targets, nextRow, rows, hasStacks: inputs <= ROW_INPUTS},
        {
          limits: {inputMsMax, memoryMbMax},
          onRow({figures, failure}) {
            addFigures(sums, figures);
            if (failure !== null) noteFailure(failure);
            if (isOver()) stop();
          },
          onEnded: (ended) => noteFailure({target: targetOf(ended.row).name, ...ended}),
        },
      );
    }
  };
  await Promise.all(Array.from({length: threads}, runOne));
  return {
    figures: [...sums.values()],
    failures: failures.sort((a, b) => a.row - b.row),
    nextRow: endRow,
  };
}
