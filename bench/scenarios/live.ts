// How long does it take until everyone else sees an edit, at the pace at which people work?
import {percentile, quantilesOf} from '../statistics.ts';
import {perEdit, scaled} from './measures.ts';
import type {Scenario} from './scenario.ts';
import {editTogether} from './shared-editing.ts';

const EDITS_PER_SECOND = 200;
const SECONDS = 20;

const against = {peer: 'hocuspocus', way: 'socket'} as const;

export const live: Scenario = {
  name: 'live',
  question: 'How long until all others have an edit?',
  load: `20 devices share 200 tasks; ${EDITS_PER_SECOND} edits/s for ${SECONDS} s`,
  columns: [
    {key: 'p50', title: 'p50', unit: 'ms', better: 'lower'},
    {key: 'p90', title: 'p90', unit: 'ms', better: 'lower'},
    {key: 'p99', title: 'p99', unit: 'ms', better: 'lower'},
    {key: 'ackP50', title: 'ack p50', unit: 'ms', better: 'lower'},
    {key: 'ackP99', title: 'ack p99', unit: 'ms', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us', better: 'lower'},
    {key: 'peak', title: 'peak memory', unit: 'MB', better: 'lower'},
  ],
  goals: [
    {key: 'p50', way: 'socket', against, bound: {atMost: 1}},
    {key: 'p99', way: 'socket', against, bound: {atMost: 1}},
    {key: 'cpuPerEdit', way: 'socket', against, bound: {atMost: 1}},
  ],
  charts: [
    {
      name: 'live-delivery',
      title: 'An edit until all 19 others have it, 200 edits/s',
      kind: 'distribution',
      key: 'delivery',
      unit: 'ms',
    },
    {name: 'live-cpu', title: 'Server CPU per edit', kind: 'bars', key: 'cpuPerEdit', unit: 'us'},
  ],
  isFor: (peer) => peer.isLive,
  async run(trial) {
    const {deliveries, ackLatencies, cost} = await editTogether(trial, {
      devices: 20,
      records: 200,
      drive: {
        kind: 'rate',
        editsPerSecond: EDITS_PER_SECOND,
        seconds: scaled(SECONDS, {scale: trial.scale, min: 0.5}),
      },
    });
    const values = {
      p50: percentile(deliveries.latencies, 0.5),
      p90: percentile(deliveries.latencies, 0.9),
      p99: percentile(deliveries.latencies, 0.99),
      ackP50: percentile(ackLatencies, 0.5),
      ackP99: percentile(ackLatencies, 0.99),
      ...perEdit(cost, deliveries.edits),
    };
    const distributions = {delivery: quantilesOf(deliveries.latencies)};
    return [{way: 'socket', values, distributions}];
  },
};
