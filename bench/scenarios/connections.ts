// How many sockets does a server take up, what does one cost while nothing happens, and what if all come back at once?
import {setTimeout as delay} from 'node:timers/promises';
import type {CrowdOpened} from '../load/crowd.ts';
import {startWorker, type Worker} from '../load/worker-process.ts';
import type {PeerServer} from '../peers/peer.ts';
import {percentile} from '../statistics.ts';
import {megabytes, scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';

const SOCKETS = 2_000;
const DEVICES_PER_TENANT = 20;
const WORKERS = 2;
const EDITORS = 4;
const EDITOR_RECORDS = 20;
const EDITS_PER_SECOND = 40;
/** The others edit for as long: before the storm, through it and after it. */
const EDITING_SECONDS = 8;
const STORM_AFTER_MS = 1_000;
/** Until memory is read: what opening left behind may go. */
const SETTLE_MS = 2_000;

export const connections: Scenario = {
  name: 'connections',
  question: 'What do idle sockets cost, and what if all of them come back at once?',
  load: `${SOCKETS} signed-in sockets (${SOCKETS / DEVICES_PER_TENANT} tenants of ${DEVICES_PER_TENANT} devices where a peer has tenants); then all are cut and return at once, while ${EDITORS} others make ${EDITS_PER_SECOND} edits/s`,
  columns: [
    {key: 'rate', title: 'connects', unit: '/s', better: 'higher'},
    {key: 'memory', title: 'memory per socket', unit: 'KB', better: 'lower'},
    {key: 'cpu', title: 'server CPU/connect', unit: 'us', better: 'lower'},
    {key: 'stormMs', title: 'storm', unit: 'ms', better: 'lower'},
    {key: 'ackP99', title: "others' ack p99", unit: 'ms', better: 'lower'},
    {key: 'retries', title: 'failed attempts', unit: ''},
    {key: 'peak', title: 'server peak', unit: 'MB', better: 'lower'},
  ],
  goals: [
    {key: 'rate', way: 'socket', against: {peer: 'hocuspocus', way: 'socket'}, bound: {atLeast: 1.5}},
    {key: 'memory', way: 'socket', against: {peer: 'floor-ws', way: 'socket'}, bound: {atMost: 2}},
    {key: 'stormMs', way: 'socket', bound: {atMost: 4_000}},
    {key: 'ackP99', way: 'socket', bound: {atMost: 250}},
  ],
  charts: [
    {name: 'connections-rate', title: 'Sockets opened per second', kind: 'bars', key: 'rate', unit: '/s'},
    {name: 'connections-memory', title: 'Memory per idle socket', kind: 'bars', key: 'memory', unit: 'KB'},
    {
      name: 'connections-storm',
      title: '2,000 sockets back after a cut',
      kind: 'bars',
      key: 'stormMs',
      unit: 'ms',
    },
  ],
  isFor: (peer) => peer.isLive,
  async run(trial) {
    const sockets = Math.round(scaled(SOCKETS, {scale: trial.scale, min: 40}));
    const server = await trial.startServer({
      devices: EDITORS,
      records: EDITOR_RECORDS,
      others: {tenants: Math.ceil(sockets / DEVICES_PER_TENANT), devices: DEVICES_PER_TENANT, records: 1},
    });
    const workers = Array.from({length: WORKERS}, startWorker);
    const editors = startWorker();
    try {
      return [await crowd(trial, {server, sockets, workers, editors})];
    } finally {
      await Promise.all([...workers, editors].map((worker) => worker.stop()));
    }
  },
};

async function crowd(
  trial: Trial,
  {
    server,
    sockets,
    workers,
    editors,
  }: {server: PeerServer; sockets: number; workers: Worker[]; editors: Worker},
): Promise<Row> {
  const {access} = server;
  const members = (worker: number) =>
    Array.from({length: sockets}, (_, member) => member).filter((member) => member % WORKERS === worker);
  const before = await trial.residentBytes(server);
  const {result: opened, cost} = await trial.measure(server, () =>
    Promise.all(
      workers.map((worker, index) =>
        worker.call('openCrowd', {
          peer: trial.peer.name,
          access,
          members: members(index),
          devicesPerTenant: DEVICES_PER_TENANT,
        }),
      ),
    ),
  );
  await delay(scaled(SETTLE_MS, {scale: trial.scale, min: 100}));
  const idle = await trial.residentBytes(server);
  const {storm, ackLatencies, peakBytes} = await stormBeside(trial, {server, workers, editors});
  await Promise.all(workers.map((worker) => worker.call('closeCrowd', null)));
  const values = {
    rate: (sockets * 1_000) / spanOf(opened),
    // With few sockets the server may give back more than they take.
    memory: Math.max(0, idle - before) / 1_024 / sockets,
    cpu: (cost.serverCpuSeconds * 1e6) / sockets,
    stormMs: spanOf(storm),
    ackP99: percentile(ackLatencies, 0.99),
    retries: storm.reduce((sum, {retries}) => sum + retries, 0),
    peak: megabytes(peakBytes),
  };
  return {way: 'socket', values};
}

async function stormBeside(
  trial: Trial,
  {server, workers, editors}: {server: PeerServer; workers: Worker[]; editors: Worker},
) {
  const devices = Array.from({length: EDITORS}, (_, device) => device);
  await editors.call('connect', {
    peer: trial.peer.name,
    access: server.access,
    members: devices,
    devices: EDITORS,
    records: EDITOR_RECORDS,
    sampled: [],
  });
  const seconds = scaled(EDITING_SECONDS, {scale: trial.scale, min: 1});
  const {result, cost} = await trial.measure(server, async () => {
    const editing = editors.call('drive', {kind: 'rate', editsPerSecond: EDITS_PER_SECOND, seconds});
    await delay(scaled(STORM_AFTER_MS, {scale: trial.scale, min: 100}));
    const storm = await Promise.all(workers.map((worker) => worker.call('storm', null)));
    return {storm, edits: await editing};
  });
  const report = await editors.call('settle', result.edits);
  await editors.call('disconnect', null);
  if (report.faults.length > 0) throw new Error(`the others: ${report.faults.join('; ')}`);
  if (report.ackLatencies.length < result.edits)
    throw new Error('an edit of the others was not acknowledged');
  return {storm: result.storm, ackLatencies: report.ackLatencies.sort(), peakBytes: cost.serverPeakBytes};
}

/** Milliseconds from the first start to the last end. */
const spanOf = (opened: readonly CrowdOpened[]): number =>
  Math.max(...opened.map(({endedAt}) => endedAt)) - Math.min(...opened.map(({startedAt}) => startedAt));
