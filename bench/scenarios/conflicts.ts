// What does a conflict cost more than an edit that meets no other?
import {OFFLINE_DEVICES_MAX} from '../load/burst.ts';
import {startWorker} from '../load/worker-process.ts';
import {megabytes, scaled} from './measures.ts';
import type {Row, Scenario, Trial} from './scenario.ts';

const DEVICES = OFFLINE_DEVICES_MAX;
const RECORDS = 500;

const against = {peer: 'fieldmerge', way: 'plain'} as const;

export const conflicts: Scenario = {
  name: 'conflicts',
  question: 'What does a conflicting edit cost, against a plain one?',
  load: `${DEVICES} devices edit the same ${RECORDS} tasks offline and push all at once: each another field (plain), all the same (conflicting)`,
  columns: [
    {key: 'usPerEdit', title: 'time/edit', unit: 'us', better: 'lower'},
    {key: 'cpuPerEdit', title: 'server CPU/edit', unit: 'us', better: 'lower'},
    {key: 'postgresPerEdit', title: 'Postgres CPU/edit', unit: 'us', better: 'lower'},
    {key: 'conflicts', title: 'conflicts recorded', unit: ''},
    {key: 'peak', title: 'server peak', unit: 'MB', better: 'lower'},
  ],
  goals: (['usPerEdit', 'cpuPerEdit'] as const).map((key) => ({
    key,
    way: 'conflicting',
    against,
    bound: {atMost: 1.5},
  })),
  charts: [
    {
      name: 'conflicts-time',
      title: 'Time per offline edit of 5,000',
      kind: 'bars',
      key: 'usPerEdit',
      unit: 'us',
    },
  ],
  isFor: (peer) => peer.isLive && peer.burstPaths.length > 0,
  async run(trial) {
    return [await pushTogether(trial, 'plain'), await pushTogether(trial, 'conflicting')];
  },
};

async function pushTogether(trial: Trial, kind: 'plain' | 'conflicting'): Promise<Row> {
  const records = Math.round(scaled(RECORDS, {scale: trial.scale, min: 10}));
  await trial.forget();
  const server = await trial.startServer({devices: DEVICES, records});
  const worker = startWorker();
  try {
    const {result, cost} = await trial.measure(server, () =>
      worker.call('pushOffline', {
        peer: trial.peer.name,
        access: server.access,
        records,
        devices: DEVICES,
        kind,
      }),
    );
    assertConflicts(trial, {kind, records, told: result.conflicts});
    const values = {
      usPerEdit: (result.ms * 1_000) / result.edits,
      cpuPerEdit: (cost.serverCpuSeconds * 1e6) / result.edits,
      postgresPerEdit: (cost.postgresCpuSeconds * 1e6) / result.edits,
      conflicts: result.conflicts,
      peak: megabytes(cost.serverPeakBytes),
    };
    return {way: kind, values};
  } finally {
    await worker.stop();
  }
}

/** Of ten edits of a field that know nothing of each other, the first meets none. */
function assertConflicts(
  trial: Trial,
  {kind, records, told}: {kind: 'plain' | 'conflicting'; records: number; told: number},
): void {
  if (trial.peer.name !== 'fieldmerge') return;
  const expected = kind === 'plain' ? 0 : records * (DEVICES - 1);
  if (told !== expected) throw new Error(`${told} conflicts were told of, not ${expected}`);
}
