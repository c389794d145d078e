// The page about one run: machine, how to read it, what each peer does not do, and per scenario the table, the
// goals and the plots.
import {peerOf} from '../peers/all-peers.ts';
import {formatGoal, formatSpread} from '../report.ts';
import type {RunFile, RunResult} from '../run-file.ts';
import type {Scenario} from '../scenarios/scenario.ts';

const tableOf = (lines: readonly (readonly string[])[]): string =>
  lines
    .flatMap((line, index) => [
      `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
      ...(index === 0 ? [`| ${line.map(() => '---').join(' | ')} |`] : []),
    ])
    .join('\n');

const machineTable = ({machine}: RunFile): string =>
  tableOf([['machine', ''], ...Object.entries(machine).map(([key, value]) => [key, String(value)])]);

function peersTable(run: RunFile): string {
  const present = [...new Set(run.results.flatMap(({rows}) => rows.map(({peer}) => peer)))].map(peerOf);
  return tableOf([
    ['peer', 'an acknowledgement means', 'checks', 'what it does not do'],
    ...present.map(({name, promises}) => [name, promises.ack, promises.checks, promises.missing]),
    ...run.absent.map(({peer, reason}) => [peer, 'not measured here', '', reason]),
  ]);
}

function resultTable({columns, rows}: RunResult): string {
  const shown = columns.filter(({key}) => rows.some(({values}) => Number.isFinite(values[key]?.median)));
  return tableOf([
    ['peer', 'way', ...shown.map(({title, unit}) => (unit === '' ? title : `${title}, ${unit}`))],
    ...rows.map(({peer, way, values, trials}) => [
      peer,
      way,
      ...shown.map(({key}) => {
        const spread = values[key];
        return spread === undefined ? '-' : formatSpread(spread, {isAlone: trials.length === 1});
      }),
    ]),
  ]);
}

function sectionOf(
  scenario: Scenario,
  result: RunResult,
  {run, charts}: {run: RunFile; charts: readonly string[]},
): string {
  const goals = result.goals.map((goal) => `- ${formatGoal(result, goal, {isFullScale: run.scale === 1})}`);
  return [
    `## ${scenario.name}`,
    `${scenario.question} Load: ${scenario.load}.`,
    resultTable(result),
    ...(goals.length > 0 ? [`Goals:\n\n${goals.join('\n')}`] : []),
    ...charts.map((name) => `![${name}](${name}.svg)`),
  ].join('\n\n');
}

/** charts: names of the drawings of each scenario, without ending. */
export function describeRun(
  run: RunFile,
  sections: readonly {scenario: Scenario; result: RunResult; charts: readonly string[]}[],
): string {
  const {command, at, repetitions, scale} = run;
  return `${[
    '# Results of the bench',
    `Written by \`${command}\` on ${at.slice(0, 10)}. Everything measured is in [results.json](results.json); each plot is here as SVG and as PNG. [The bench](../README.md) says how it is measured.`,
    ...(scale === 1
      ? []
      : [`**The load was reduced to ${scale} of the full one: these figures are for checking only.**`]),
    machineTable(run),
    `## How to read it

- ${repetitions === 1 ? 'Each figure was measured once.' : `Figures are medians of ${repetitions} repetitions in which the peers took turns; in parentheses the lowest and the highest.`}
- The load (devices), the server under test and Postgres share this machine. Absolute figures belong to it alone; ratios within this run are the point.
- Peers promise different things, and what a peer does not do it does not pay for. Fieldmerge always runs complete.
- The floors are the least that a server of their kind can do: pass bytes on (\`floor-ws\`, \`floor-uws\`), commit them first (\`floor-pg\`), merge and seal them before that (\`floor-merge\`). Nobody could use them; they show what is left to gain.
- CPU is user and system time of the server process and of all Postgres processes as \`/proc\` counts them, in steps of 10 ms; memory is the resident set.`,
    peersTable(run),
    ...sections.map(({scenario, result, charts}) => sectionOf(scenario, result, {run, charts})),
  ].join('\n\n')}\n`;
}
