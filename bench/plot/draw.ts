// A chart of a scenario's result as an SVG file.
import type {RunFile, RunResult} from '../run-file.ts';
import type {Chart} from '../scenarios/scenario.ts';
import {drawBars} from './bars.ts';
import {drawDistributions, drawLines} from './curves.ts';

/** Null if the run has no figures for it. */
export function drawChart(chart: Chart, result: RunResult, run: RunFile): string | null {
  const rows = result.rows
    .filter(({way}) => way.startsWith(chart.ways ?? ''))
    .filter(({values, distributions}) =>
      chart.kind === 'distribution'
        ? distributions[chart.key]?.every((value) => value > 0) === true
        : Number.isFinite(values[chart.key]?.median),
    );
  if (rows.length === 0) return null;
  const note = noteOf(run);
  switch (chart.kind) {
    case 'bars':
      return drawBars(chart, rows, note);
    case 'distribution':
      return drawDistributions(chart, rows, note);
    case 'lines':
      return drawLines(chart, rows, note);
  }
}

const noteOf = ({machine, repetitions, scale, at}: RunFile): string =>
  [
    `${machine['processor'] ?? ''}, ${machine['cores'] ?? ''} cores, node ${machine['node'] ?? ''}, Postgres ${machine['postgres'] ?? ''}`,
    repetitions === 1 ? 'measured once' : `medians of ${repetitions}, whiskers lowest to highest`,
    at.slice(0, 10),
    ...(scale === 1 ? [] : [`load times ${scale}: for checking only`]),
  ].join('; ');
