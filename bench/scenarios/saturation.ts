// How many edits a second does one server take and deliver to everybody?
import {percentile, quantilesOf} from '../statistics.ts';
import {perEdit, scaled} from './measures.ts';
import type {Scenario} from './scenario.ts';
import {editTogether} from './shared-editing.ts';

const SECONDS = 15;
const OUTSTANDING = 8;

export const saturation: Scenario = {
  name: 'saturation',
  question: 'How many edits a second reach everybody?',
  load: `20 devices share 200 tasks; each keeps up to ${OUTSTANDING} edits unacknowledged for ${SECONDS} s`,
  columns: [
    {key: 'rate', title: 'edits delivered', unit: '/s', better: 'higher'},
    {key: 'p50', title: 'p50', unit: 'ms', better: 'lower'},
    {key: 'p99', title: 'p99', unit: 'ms', better: 'lower'},
    {key: 'ackP50', title: 'ack p50', unit: 'ms', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us', better: 'lower'},
    {key: 'loadPerEdit', title: 'load CPU/edit', unit: 'us'},
    {key: 'serverShare', title: 'server CPU', unit: '%'},
    {key: 'peak', title: 'peak memory', unit: 'MB', better: 'lower'},
  ],
  goals: [
    {key: 'rate', way: 'socket', against: {peer: 'hocuspocus', way: 'socket'}, bound: {atLeast: 2}},
    {key: 'rate', way: 'socket', against: {peer: 'floor-pg', way: 'socket'}, bound: {atLeast: 1.2}},
  ],
  charts: [
    {
      name: 'saturation-rate',
      title: 'Edits delivered to all 20 devices per second',
      kind: 'bars',
      key: 'rate',
      unit: 'edits/s',
    },
  ],
  isFor: (peer) => peer.isLive,
  async run(trial) {
    const {deliveries, ackLatencies, cost, loadCpuSeconds} = await editTogether(trial, {
      devices: 20,
      records: 200,
      drive: {
        kind: 'outstanding',
        edits: OUTSTANDING,
        seconds: scaled(SECONDS, {scale: trial.scale, min: 0.5}),
      },
    });
    const {edits, spanMs, latencies} = deliveries;
    const values = {
      rate: (edits * 1_000) / spanMs,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      ackP50: percentile(ackLatencies, 0.5),
      ...perEdit(cost, edits),
      loadPerEdit: (loadCpuSeconds * 1e6) / edits,
      serverShare: (cost.serverCpuSeconds * 1e5) / spanMs,
    };
    const distributions = {delivery: quantilesOf(latencies)};
    return [{way: 'socket', values, distributions}];
  },
};
