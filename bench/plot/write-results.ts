// Writes a run into a folder: README.md, results.json, and each chart as SVG and PNG.
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {RunFile} from '../run-file.ts';
import {scenarios} from '../scenarios/all-scenarios.ts';
import {drawChart} from './draw.ts';
import {renderPng} from './png.ts';
import {describeRun} from './readme.ts';

export async function writeResults(run: RunFile, folder: string): Promise<void> {
  await mkdir(folder, {recursive: true});
  const sections = [];
  for (const result of run.results) {
    const scenario = scenarios.find(({name}) => name === result.name);
    if (scenario === undefined) continue;
    const charts: string[] = [];
    for (const chart of scenario.charts) {
      const svg = drawChart(chart, result, run);
      if (svg === null) continue;
      await writeFile(join(folder, `${chart.name}.svg`), svg);
      await writeFile(join(folder, `${chart.name}.png`), renderPng(svg));
      charts.push(chart.name);
    }
    sections.push({scenario, result, charts});
  }
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(run, null, 1)}\n`);
  await writeFile(join(folder, 'README.md'), describeRun(run, sections));
}
