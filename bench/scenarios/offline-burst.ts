// How long until what a device did offline is safe?
import {startWorker} from '../load/worker-process.ts';
import type {BurstPath} from '../peers/peer.ts';
import {megabytes, scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';

const RECORDS = 5_000;

const againstFloor = (way: 'socket' | 'rest-json') =>
  [
    {key: 'cold', way, against: {peer: 'floor-pg', way}, bound: {atMost: 8}},
    {key: 'warm', way, against: {peer: 'floor-pg', way}, bound: {atMost: 4}},
  ] as const;

export const offlineBurst: Scenario = {
  name: 'offline-burst',
  question: 'How long until all edits made offline are acknowledged?',
  load: `${RECORDS} edits on distinct records by one device: to a fresh server (cold), then ${RECORDS} more (warm)`,
  columns: [
    {key: 'cold', title: 'cold', unit: 'ms', better: 'lower'},
    {key: 'warm', title: 'warm', unit: 'ms', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us', better: 'lower'},
    {key: 'peak', title: 'server peak', unit: 'MB', better: 'lower'},
  ],
  goals: [...againstFloor('socket'), ...againstFloor('rest-json')],
  charts: [
    {
      name: 'offline-burst-cold',
      title: '5,000 offline edits until acknowledged, cold server',
      kind: 'bars',
      key: 'cold',
      unit: 'ms',
      isLog: true,
    },
    {
      name: 'offline-burst-warm',
      title: '5,000 offline edits until acknowledged, warm server',
      kind: 'bars',
      key: 'warm',
      unit: 'ms',
      isLog: true,
    },
  ],
  isFor: (peer) => peer.burstPaths.length > 0,
  async run(trial) {
    const rows: Row[] = [];
    for (const path of trial.peer.burstPaths) rows.push(await pushBy(trial, path));
    return rows;
  },
};

async function pushBy(trial: Trial, path: BurstPath): Promise<Row> {
  const records = Math.round(scaled(RECORDS, {scale: trial.scale, min: 50}));
  // The edits of one way would be in the way of the next.
  await trial.forget();
  const server = await trial.startServer({devices: 1, records});
  const worker = startWorker();
  try {
    const {result, cost} = await trial.measure(server, () =>
      worker.call('burst', {peer: trial.peer.name, access: server.access, records, path}),
    );
    const edits = 2 * records;
    const values = {
      cold: result.coldMs,
      warm: result.warmMs,
      cpuPerEdit: (cost.serverCpuSeconds * 1e6) / edits,
      postgresPerEdit: (cost.postgresCpuSeconds * 1e6) / edits,
      peak: megabytes(cost.serverPeakBytes),
    };
    return {way: path, values};
  } finally {
    await worker.stop();
  }
}
