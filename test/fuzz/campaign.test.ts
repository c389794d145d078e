// A million inputs to everything that reads what strangers send, and the proof that the fuzzer would notice. FUZZ_INPUTS and
// FUZZ_SEED in the environment change how many and which; `npm run fuzz` runs on.
import {expect, it} from 'vitest';
import {runCampaign} from './campaign.ts';
import {addFigures, type Figures} from './figures.ts';
import {tellFailure, tellFigures} from './report.ts';
import {targetNames} from './targets.ts';
import {ROW_INPUTS} from './try-row.ts';

const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 1_000_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);

/** Long enough to fill the memory before, on any machine. */
const MS_MAX = 3_000;

it('notices what hangs, fills the memory, throws, breaks a rule or touches what it refused', async () => {
  const targets = new URL('broken-targets.ts', import.meta.url).href;
  const {failures, figures} = await runCampaign({
    inputs: 8 * ROW_INPUTS,
    seed: 1,
    targets,
    inputMsMax: MS_MAX,
  });
  expect(failures.map(({row, index, what}) => [row, index, what.split('\n')[0]])).toEqual([
    [0, 0, `takes longer than ${MS_MAX} ms`],
    [1, 0, 'takes more than 192 MB'],
    [2, 0, 'TypeError: no such member'],
    [3, 0, 'Error: something is left pending'],
    [4, ROW_INPUTS, 'Error: the document was touched'],
  ]);
  expect(failures[0]?.input).toEqual(Uint8Array.of(1, 2, 3));
  // The others were tried all the same.
  expect(figures.filter(({inputs}) => inputs === ROW_INPUTS).map(({target}) => target)).toEqual(
    expect.arrayContaining(['row 5', 'row 6', 'row 7']),
  );
}, 120_000);

// I28 of docs/reliability.md.
it(`nothing of ${INPUTS} hostile inputs hangs, fills the memory, throws or gets past a rule`, async () => {
  const result = await runCampaign({inputs: INPUTS, seed: SEED});
  console.log(tellFigures(result, SEED));
  expect(result.failures.map((failure) => tellFailure(failure, SEED))).toEqual([]);
  expect(result.figures.map(({target}) => target).sort()).toEqual([...targetNames].sort());
  // A fuzzer whose inputs are all refused at the door tries nothing.
  for (const {inputs, accepted} of result.figures) expect(accepted).toBeGreaterThan(inputs / 20);
}, 900_000);

it('a campaign that is stopped tells which row is next, and two sittings try what one would', async () => {
  const inputs = 30 * ROW_INPUTS;
  const common = {seed: 3, threads: 1, inputMsMax: MS_MAX};
  let rowsLeft = 7;
  const first = await runCampaign({...common, inputs, isOver: () => --rowsLeft <= 0});
  expect(first.nextRow).toBeLessThan(30);
  const firstRow = first.nextRow;
  const second = await runCampaign({...common, inputs: inputs - firstRow * ROW_INPUTS, firstRow});
  const whole = await runCampaign({...common, inputs});
  expect(second.nextRow).toBe(30);
  expect([first, second, whole].flatMap(({failures}) => failures)).toEqual([]);
  const sums = new Map<string, Figures>();
  for (const one of [...first.figures, ...second.figures]) addFigures(sums, one);
  const told = (figures: Iterable<Figures>): unknown[] =>
    [...figures].map(({target, inputs: tried, accepted}) => [target, tried, accepted]).sort();
  expect(told(sums.values())).toEqual(told(whole.figures));
}, 120_000);
