// How long does a device that was away take until it has what changed?
import {startWorker} from '../load/worker-process.ts';
import type {CatchUpPath} from '../peers/peer.ts';
import {megabytes, scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';

const RECORDS = 10_000;

export const catchUp: Scenario = {
  name: 'catch-up',
  question: 'How long until a device has what changed while it was away?',
  load: `${RECORDS} records of 12 fields changed; a fresh server, a fresh device; until all are decoded and kept`,
  columns: [
    {key: 'ms', title: 'time', unit: 'ms', better: 'lower'},
    {key: 'bytes', title: 'received', unit: 'MB'},
    {key: 'cpu', title: 'server CPU', unit: 'ms', better: 'lower'},
    {key: 'postgres', title: 'Postgres CPU', unit: 'ms', better: 'lower'},
    {key: 'peak', title: 'server peak', unit: 'MB', better: 'lower'},
    {key: 'devicePeak', title: 'device peak', unit: 'MB', better: 'lower'},
  ],
  goals: [
    ...(['socket', 'rest-json', 'rest-yjs'] as const).map((way) => ({
      key: 'ms',
      way,
      against: {peer: 'hocuspocus', way: 'documents'} as const,
      bound: {atMost: 1 / 15},
    })),
    {
      key: 'ms',
      way: 'rest-json',
      against: {peer: 'floor-pg', way: 'bare select'},
      bound: {atMost: 4},
    },
  ],
  charts: [
    {
      name: 'catch-up-time',
      title: 'Catching up on 10,000 changed records',
      kind: 'bars',
      key: 'ms',
      unit: 'ms',
      isLog: true,
    },
  ],
  isFor: (peer) => peer.catchUpPaths.length > 0,
  async run(trial) {
    const rows: Row[] = [];
    for (const path of trial.peer.catchUpPaths) rows.push(await catchUpBy(trial, path));
    return rows;
  },
};

async function catchUpBy(trial: Trial, path: CatchUpPath): Promise<Row> {
  const records = Math.round(scaled(RECORDS, {scale: trial.scale, min: 50}));
  // Started anew for each way, so that none finds warm what another one read.
  const server = await trial.startServer({devices: 1, records});
  const worker = startWorker();
  try {
    const {result, cost} = await trial.measure(server, () =>
      worker.call('catchUp', {peer: trial.peer.name, access: server.access, records, path}),
    );
    if (result.records !== records)
      throw new Error(`${result.records} of ${records} records came by ${path}`);
    const {peakBytes} = await worker.call('used', null);
    const values = {
      ms: result.ms,
      bytes: megabytes(result.bytes),
      cpu: cost.serverCpuSeconds * 1_000,
      postgres: cost.postgresCpuSeconds * 1_000,
      peak: megabytes(cost.serverPeakBytes),
      devicePeak: megabytes(peakBytes),
    };
    return {way: path, values};
  } finally {
    await worker.stop();
  }
}
