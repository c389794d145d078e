// Curves of several rows in one frame: a distribution (share of edits against time), or a figure against a size.
import type {RunRow} from '../run-file.ts';
import type {Chart} from '../scenarios/scenario.ts';
import {QUANTILES} from '../statistics.ts';
import {colors} from './colors.ts';
import {formatFigure, linearScale, logScale, type Scale} from './scale.ts';
import {dotAt, drawing, lineFrom, pathThrough, textAt, type Point} from './svg.ts';

const WIDTH = 820;
const HEIGHT = 460;
const LEFT = 76;
const RIGHT = 190;
const TOP = 56;
const BOTTOM = 84;
const BASE = HEIGHT - BOTTOM;
const EDGE = WIDTH - RIGHT;

interface Curve {
  readonly name: string;
  readonly color: string;
  /** The second curve of a peer. */
  readonly isDashed: boolean;
  readonly points: readonly Point[];
}

interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xFormat: (mark: number) => string;
}

function drawCurves(
  {title, note}: {title: string; note: string},
  {curves, axes, hasDots}: {curves: readonly Curve[]; axes: Axes; hasDots: boolean},
): string {
  const {x, y, xTitle, yTitle, xFormat} = axes;
  const grid = [
    ...x.marks.flatMap((mark) => [
      lineFrom({x: x.at(mark), y: TOP}, {x: x.at(mark), y: BASE}),
      textAt({x: x.at(mark), y: BASE + 18}, xFormat(mark), {anchor: 'middle', size: 12}),
    ]),
    ...y.marks.flatMap((mark) => [
      lineFrom({x: LEFT, y: y.at(mark)}, {x: EDGE, y: y.at(mark)}),
      textAt({x: LEFT - 8, y: y.at(mark) + 4}, formatFigure(mark), {anchor: 'end', size: 12}),
    ]),
  ];
  const paths = curves.flatMap(({color, points, isDashed}, index) => {
    const placed = points.map((point) => ({x: x.at(point.x), y: y.at(point.y)}));
    return [
      // The first is the widest: what lies over it does not hide it.
      pathThrough(placed, color, {isDashed, width: 2.2 + (curves.length - 1 - index) * 1.6}),
      ...(hasDots ? placed.map((point) => dotAt(point, color)) : []),
    ];
  });
  const legend = curves.flatMap(({name, color, isDashed}, index) => {
    const at = TOP + 14 + index * 24;
    return [
      pathThrough(
        [
          {x: EDGE + 16, y: at - 4},
          {x: EDGE + 44, y: at - 4},
        ],
        color,
        {isDashed},
      ),
      textAt({x: EDGE + 52, y: at}, name),
    ];
  });
  const titles = [
    textAt({x: (LEFT + EDGE) / 2, y: BASE + 42}, xTitle, {anchor: 'middle'}),
    textAt({x: 22, y: (TOP + BASE) / 2}, yTitle, {anchor: 'middle', turned: true}),
  ];
  return drawing({width: WIDTH, height: HEIGHT, title, note}, [...grid, ...paths, ...legend, ...titles]);
}

/** Shares are drawn by how few are slower, so that the tail has room. */
const tailOf = (share: number): number => 1 / (1 - share);
const SHARE_MARKS = [0.5, 0.9, 0.99, 0.999];
const SHARE_FIRST = 0.01;

export function drawDistributions(chart: Chart, rows: readonly RunRow[], note: string): string {
  const isAlone = new Set(rows.map(({way}) => way)).size === 1;
  const isNamedByWay = new Set(rows.map(({peer}) => peer)).size === 1;
  const curves = rows.map((row, index): Curve => ({
    name: isAlone ? row.peer : isNamedByWay ? row.way : `${row.peer}, ${row.way}`,
    color: colors[row.peer],
    isDashed: rows.findIndex(({peer}) => peer === row.peer) < index,
    points: (row.distributions[chart.key] ?? []).map((value, at) => ({
      x: tailOf(QUANTILES[at] ?? 0),
      y: value,
    })),
  }));
  const values = curves.flatMap(({points}) => points.map(({y}) => y));
  const last = tailOf(QUANTILES.at(-1) ?? 0);
  const base = logScale([tailOf(0), last], {from: LEFT, to: EDGE});
  const x: Scale = {at: (value) => base.at(value), marks: [SHARE_FIRST, ...SHARE_MARKS].map(tailOf)};
  const axes = {
    x,
    y: logScale(values, {from: BASE, to: TOP}),
    xTitle: 'share of edits that are at least as fast, %',
    yTitle: `${chart.unit}, logarithmic`,
    xFormat: (mark: number) => formatFigure(Math.round((1 - 1 / mark) * 1_000) / 10),
  };
  return drawCurves({title: chart.title, note}, {curves, axes, hasDots: false});
}

export function drawLines(chart: Chart, rows: readonly RunRow[], note: string): string {
  const prefix = chart.ways ?? '';
  const peers = [...new Set(rows.map(({peer}) => peer))];
  const curves = peers.map((peer): Curve => ({
    name: peer,
    color: colors[peer],
    isDashed: false,
    points: rows
      .filter((row) => row.peer === peer)
      .map((row) => ({x: Number(row.way.slice(prefix.length)), y: row.values[chart.key]?.median ?? NaN})),
  }));
  const points = curves.flatMap((curve) => curve.points);
  const values = points.map(({y}) => y);
  const isLog = chart.isLog === true && Math.min(...values) > 0;
  const place = {from: BASE, to: TOP};
  const axes = {
    x: logScale(
      points.map(({x}) => x),
      {from: LEFT, to: EDGE},
    ),
    y: isLog ? logScale(values, place) : linearScale(Math.max(...values), place),
    xTitle: `${chart.sizes ?? ''}, logarithmic`,
    yTitle: isLog ? `${chart.unit}, logarithmic` : chart.unit,
    xFormat: formatFigure,
  };
  return drawCurves({title: chart.title, note}, {curves, axes, hasDots: true});
}
