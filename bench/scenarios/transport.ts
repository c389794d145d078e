// What does it make for the same server whether ws or uWebSockets.js serves its sockets?
import {findUwsObstacle} from '../peers/uws-node.ts';
import {percentile, quantilesOf} from '../statistics.ts';
import {perEdit, scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';
import {editTogether} from './shared-editing.ts';

const SECONDS = 10;
const OUTSTANDING = 8;

export const transport: Scenario = {
  name: 'transport',
  question: 'What does it make whether ws or uWebSockets.js serves the sockets?',
  load: `as in saturation, for ${SECONDS} s; a row is missing where uWebSockets.js does not load`,
  columns: [
    {key: 'rate', title: 'edits delivered', unit: '/s', better: 'higher'},
    {key: 'p50', title: 'p50', unit: 'ms', better: 'lower'},
    {key: 'p99', title: 'p99', unit: 'ms', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'cpuPerDelivery', title: 'server CPU/delivery', unit: 'us', better: 'lower'},
    {key: 'peak', title: 'peak memory', unit: 'MB', better: 'lower'},
  ],
  goals: [],
  charts: [
    {
      name: 'transport-cpu',
      title: 'Server CPU per edit delivered to 19 devices',
      kind: 'bars',
      key: 'cpuPerEdit',
      unit: 'us',
    },
  ],
  isFor: ({name}) => name === 'fieldmerge' || name === 'floor-ws' || name === 'floor-uws',
  async run(trial) {
    if (trial.peer.name === 'floor-ws') return [await saturate(trial, 'ws')];
    if (trial.peer.name === 'floor-uws') return [await saturate(trial, 'uws')];
    const rows = [await saturate(trial, 'ws')];
    if (findUwsObstacle() !== null) return rows;
    await trial.forget();
    return [...rows, await saturate(trial, 'uws')];
  },
};

const DEVICES = 20;

async function saturate(trial: Trial, way: 'ws' | 'uws'): Promise<Row> {
  const {deliveries, cost} = await editTogether(trial, {
    devices: DEVICES,
    records: 200,
    transport: way,
    drive: {
      kind: 'outstanding',
      edits: OUTSTANDING,
      seconds: scaled(SECONDS, {scale: trial.scale, min: 0.5}),
    },
  });
  const {edits, spanMs, latencies} = deliveries;
  const {cpuPerEdit, peak} = perEdit(cost, edits);
  const values = {
    rate: (edits * 1_000) / spanMs,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpuPerEdit,
    cpuPerDelivery: cpuPerEdit / (DEVICES - 1),
    peak,
  };
  return {way, values, distributions: {delivery: quantilesOf(latencies)}};
}
