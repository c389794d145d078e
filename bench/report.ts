// A scenario's result as text for a terminal.
import type {Peer} from './peers/peer.ts';
import type {GoalResult, ScenarioResult} from './run-scenario.ts';
import type {Column, Scenario} from './scenarios/scenario.ts';
import type {Spread} from './statistics.ts';

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** The median; with several repetitions also the lowest and highest. */
export function formatSpread({median, low, high}: Spread, {isAlone}: {isAlone: boolean}): string {
  const middle = formatNumber(median);
  return isAlone ? middle : `${middle} (${formatNumber(low)}-${formatNumber(high)})`;
}

function formatTable(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One sentence. */
export function formatGoal(
  {columns}: {columns: readonly Column[]},
  goal: GoalResult,
  {isFullScale}: {isFullScale: boolean},
): string {
  const {key, way, against, ratio, bound, isReached} = goal;
  const column = columns.find((candidate) => candidate.key === key);
  const unit = against === undefined ? ` ${column?.unit ?? ''}` : '';
  const figure =
    against === undefined
      ? `${formatNumber(ratio)}${unit}`
      : `${formatNumber(ratio)} x ${against.peer} (${against.way})`;
  const limit =
    'atMost' in bound ? `at most ${formatNumber(bound.atMost)}` : `at least ${formatNumber(bound.atLeast)}`;
  const plus =
    'atMost' in bound && bound.orPlus !== undefined ? ` or + ${bound.orPlus} ${column?.unit ?? ''}` : '';
  const verdict = isFullScale ? (isReached ? 'reached' : 'MISSED') : 'reduced load: no verdict';
  return `${column?.title ?? key} by ${way}: ${figure}, goal ${limit}${unit}${plus}: ${verdict}`;
}

export function formatResult(
  scenario: Scenario,
  result: ScenarioResult,
  {peers, scale}: {peers: readonly Peer[]; scale: number},
): string {
  const header = ['peer', 'way', 'ack means', ...scenario.columns.map(({title, unit}) => `${title} ${unit}`)];
  const lines = result.rows.map((row) => [
    row.peer,
    row.way,
    peers.find(({name}) => name === row.peer)?.promises.ack ?? '',
    ...scenario.columns.map(({key}) => {
      const spread = row.values[key];
      return spread === undefined ? '-' : formatSpread(spread, {isAlone: row.trials.length === 1});
    }),
  ]);
  const goals = result.goals.map((goal) => `  ${formatGoal(result, goal, {isFullScale: scale === 1})}`);
  return [
    `\n== ${scenario.name}: ${scenario.question}`,
    `   ${scenario.load}${scale === 1 ? '' : `, times ${scale}`}`,
    '',
    formatTable([header, ...lines]),
    ...(goals.length > 0 ? ['', ...goals] : []),
  ].join('\n');
}
