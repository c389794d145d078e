// `npm run fuzz -- --inputs N --seed S`: as many hostile inputs as you like, to everything that reads what strangers
// send. `--row R` sees one row again, `--threads T`, `--minutes M` and SIGINT bound it. It tells which row is next, and with
// `--from` that row the same command goes on up to N. Inputs that break a rule are printed and kept under `data/fuzz`;
// then it exits 1.
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {runCampaign} from './campaign.ts';
import {tellFailure, tellFigures} from './report.ts';
import {ROW_INPUTS} from './try-row.ts';

const KEPT_IN = 'data/fuzz';

const {values} = parseArgs({
  options: {
    inputs: {type: 'string', default: '1000000'},
    seed: {type: 'string', default: String(Date.now() % 2 ** 31)},
    row: {type: 'string'},
    from: {type: 'string', default: '0'},
    threads: {type: 'string', default: '2'},
    minutes: {type: 'string', default: 'Infinity'},
  },
});
const seed = Number(values.seed);
const from = Number(values.from);
const begun = performance.now();
const endsAt = begun + Number(values.minutes) * 60_000;
let isStopped = false;
process.once('SIGINT', () => (isStopped = true));

const result = await runCampaign({
  seed,
  ...(values.row === undefined
    ? {inputs: Number(values.inputs) - from * ROW_INPUTS, firstRow: from, threads: Number(values.threads)}
    : {inputs: ROW_INPUTS, firstRow: Number(values.row), threads: 1}),
  isOver: () => isStopped || performance.now() > endsAt,
});
console.log(tellFigures(result, seed));
console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
for (const failure of result.failures) {
  console.error(`\n${tellFailure(failure, seed)}`);
  mkdirSync(KEPT_IN, {recursive: true});
  writeFileSync(join(KEPT_IN, `${seed}-${failure.row}-${failure.index}.bin`), failure.input);
}
process.exitCode = result.failures.length === 0 ? 0 : 1;
