// `npm run bench:compare -- before.json after.json`: exit code 1 if a change made something slower beyond noise, 2 if the
// runs cannot be compared.
import {compareRuns, type Comparison} from './compare.ts';
import {formatNumber} from './report.ts';
import {readRunFile} from './run-file.ts';

const [beforePath, afterPath] = process.argv.slice(2);
if (beforePath === undefined || afterPath === undefined) {
  console.error('npm run bench:compare -- before.json after.json');
  process.exit(2);
}

function describe({
  scenario,
  way,
  title,
  floor,
  before,
  after,
  worse,
  threshold,
  verdict,
}: Comparison): string {
  const change = `${formatNumber(before.median)} -> ${formatNumber(after.median)}`;
  const unit = floor === null ? 'as measured' : `x ${floor}`;
  return `${verdict.padEnd(6)}  ${scenario}, ${way}: ${title} ${change} ${unit}, ${formatNumber(worse)} times as much cost, noise up to ${formatNumber(threshold)}`;
}

const compared = compareRuns(await readRunFile(beforePath), await readRunFile(afterPath));
if (compared.kind === 'refused') {
  console.error(`These runs cannot be compared: ${compared.reason}.`);
  process.exit(2);
}
const of = (verdict: Comparison['verdict']) =>
  compared.comparisons.filter((each) => each.verdict === verdict);
for (const comparison of [...of('slower'), ...of('faster')]) console.log(describe(comparison));
console.log(
  `${of('slower').length} slower, ${of('faster').length} faster, ${of('same').length} the same within noise`,
);
process.exit(of('slower').length > 0 ? 1 : 0);
