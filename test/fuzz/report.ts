// A campaign in words: a line for each target, and each failure with what it takes to see it again.
import type {CampaignResult} from './campaign.ts';
import type {Figures} from './figures.ts';
import type {Failure} from './try-row.ts';

const HEX_MAX = 4_096;

const count = (number: number): string => number.toLocaleString('en-US');

const lineOf = ({target, inputs, accepted, worstMs, worstBytes}: Figures): string =>
  [
    target.padEnd(16),
    `${count(inputs)} inputs`.padStart(20),
    `${count(accepted)} accepted`.padStart(20),
    `worst ${worstMs.toFixed(1)} ms`.padStart(16),
    `${(worstBytes / 1e6).toFixed(1)} MB`.padStart(10),
  ].join(' ');

export function tellFigures({figures, failures, nextRow}: CampaignResult, seed: number): string {
  const inputs = figures.reduce((sum, one) => sum + one.inputs, 0);
  const lines = [...figures].sort((a, b) => a.target.localeCompare(b.target)).map(lineOf);
  const head = `seed ${seed}: ${count(inputs)} inputs, ${failures.length} violations, next row ${nextRow}`;
  return [head, ...lines].join('\n');
}

export function tellFailure({target, row, index, input, what}: Failure, seed: number): string {
  const hex = Buffer.from(input).toString('hex');
  const shown = hex.length > HEX_MAX ? `${hex.slice(0, HEX_MAX)}... (${input.length} bytes)` : hex;
  return [
    `${target}, input ${index} of row ${row}: ${what}`,
    `input: ${shown}`,
    `again: npm run fuzz -- --seed ${seed} --row ${row}`,
  ].join('\n');
}
