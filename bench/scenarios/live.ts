// How long does it take until everyone else sees an edit, at the pace at which people work?
import {percentile} from '../statistics.ts';
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
    {key: 'p50', title: 'p50', unit: 'ms'},
    {key: 'p90', title: 'p90', unit: 'ms'},
    {key: 'p99', title: 'p99', unit: 'ms'},
    {key: 'ackP50', title: 'ack p50', unit: 'ms'},
    {key: 'ackP99', title: 'ack p99', unit: 'ms'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us'},
    {key: 'peak', title: 'peak memory', unit: 'MB'},
  ],
  goals: [
    {key: 'p50', way: 'socket', against, bound: {atMost: 1}},
    {key: 'p99', way: 'socket', against, bound: {atMost: 1}},
    {key: 'cpuPerEdit', way: 'socket', against, bound: {atMost: 1}},
  ],
  isFor: () => true,
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
    return [{way: 'socket', values}];
  },
};
