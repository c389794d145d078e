// One bar per row of a table, the whisker from the lowest to the highest repetition, the figure behind it.
import type {RunRow} from '../run-file.ts';
import type {Chart} from '../scenarios/scenario.ts';
import {colors} from './colors.ts';
import {formatFigure, linearScale, logScale} from './scale.ts';
import {boxAt, drawing, lineFrom, textAt} from './svg.ts';

const WIDTH = 820;
const LEFT = 210;
const RIGHT = 90;
const TOP = 52;
const BAR = 22;
const STEP = 34;
const FOOT = 74;

const nameOf = ({peer, way}: RunRow, isAlone: boolean): string => (isAlone ? peer : `${peer}, ${way}`);

export function drawBars(chart: Chart, rows: readonly RunRow[], note: string): string {
  const {key, unit, title, isLog} = chart;
  const spreadOf = (row: RunRow) => row.values[key] ?? {median: NaN, low: NaN, high: NaN};
  const all = rows.flatMap((row) => [spreadOf(row).median, spreadOf(row).low, spreadOf(row).high]);
  const place = {from: LEFT, to: WIDTH - RIGHT};
  const isLogarithmic = isLog === true && Math.min(...all) > 0;
  const scale = isLogarithmic ? logScale(all, place) : linearScale(Math.max(...all), place);
  const bottom = TOP + rows.length * STEP;
  const isAlone = new Set(rows.map(({way}) => way)).size === 1;
  const grid = scale.marks.flatMap((mark) => [
    lineFrom({x: scale.at(mark), y: TOP - 6}, {x: scale.at(mark), y: bottom}),
    textAt({x: scale.at(mark), y: bottom + 18}, formatFigure(mark), {anchor: 'middle', size: 12}),
  ]);
  const bars = rows.flatMap((row, index) => {
    const {median, low, high} = spreadOf(row);
    const y = TOP + index * STEP;
    const middle = y + BAR / 2;
    const whisker = [
      lineFrom({x: scale.at(low), y: middle}, {x: scale.at(high), y: middle}, {color: '#111', width: 1.5}),
      ...[low, high].map((end) =>
        lineFrom(
          {x: scale.at(end), y: middle - 5},
          {x: scale.at(end), y: middle + 5},
          {color: '#111', width: 1.5},
        ),
      ),
    ];
    return [
      textAt({x: LEFT - 10, y: middle + 5}, nameOf(row, isAlone), {anchor: 'end'}),
      boxAt({x: LEFT, y}, {width: scale.at(median) - LEFT, height: BAR}, colors[row.peer]),
      ...(high > low ? whisker : []),
      textAt({x: Math.max(scale.at(high), scale.at(median)) + 8, y: middle + 5}, formatFigure(median), {
        bold: true,
      }),
    ];
  });
  const axis = textAt(
    {x: (LEFT + WIDTH - RIGHT) / 2, y: bottom + 38},
    isLogarithmic ? `${unit}, logarithmic` : unit,
    {anchor: 'middle'},
  );
  return drawing({width: WIDTH, height: bottom + FOOT, title, note}, [...grid, ...bars, axis]);
}
