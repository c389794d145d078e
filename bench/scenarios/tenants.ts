// Does one busy tenant slow the others?
import {setTimeout as delay} from 'node:timers/promises';
import {startWorker, type Worker} from '../load/worker-process.ts';
import {accessOfTenant, type PeerServer} from '../peers/peer.ts';
import {percentile, quantilesOf} from '../statistics.ts';
import {megabytes, scaled} from './measures.ts';
import type {Cost, Row, Scenario, Trial} from './scenario.ts';

const TENANTS = 200;
const RECORDS = 20;
const EDITS_PER_SECOND = 200;
const SECONDS = 10;
const FLOOD_DEVICES = 4;
const FLOOD_OUTSTANDING = 32;
/** The flood begins before the others' edits count, and ends after. */
const FLOOD_LEAD_MS = 500;

export const tenants: Scenario = {
  name: 'tenants',
  question: 'Does one flooding tenant slow the others?',
  load: `${TENANTS} tenants make ${EDITS_PER_SECOND} edits/s together for ${SECONDS} s; then the same while one more floods: ${FLOOD_DEVICES} devices with ${FLOOD_OUTSTANDING} edits outstanding each`,
  columns: [
    {key: 'p50', title: 'ack p50', unit: 'ms', better: 'lower'},
    {key: 'p99', title: 'ack p99', unit: 'ms', better: 'lower'},
    {key: 'floodRate', title: "flooder's edits", unit: '/s'},
    {key: 'cpu', title: 'server CPU', unit: '%'},
    {key: 'peak', title: 'server peak', unit: 'MB', better: 'lower'},
  ],
  goals: [
    {
      key: 'p99',
      way: 'flooded',
      against: {peer: 'fieldmerge', way: 'steady'},
      bound: {atMost: 1.5, orPlus: 5},
    },
  ],
  charts: [
    {
      name: 'tenants-ack',
      title: "Acknowledgement of the other tenants' edits",
      kind: 'distribution',
      key: 'ack',
      unit: 'ms',
    },
  ],
  isFor: (peer) => peer.isLive && peer.hasTenants,
  async run(trial) {
    const others = Math.round(scaled(TENANTS, {scale: trial.scale, min: 5}));
    const server = await trial.startServer({
      devices: 1,
      records: 1,
      others: {tenants: others + 1, devices: FLOOD_DEVICES, records: RECORDS},
    });
    const [steady, flooder] = [startWorker(), startWorker()];
    const seconds = scaled(SECONDS, {scale: trial.scale, min: 1});
    try {
      return await compare(trial, {server, others, steady, flooder, seconds});
    } finally {
      await Promise.all([steady.stop(), flooder.stop()]);
    }
  },
};

async function compare(
  trial: Trial,
  run: {server: PeerServer; others: number; steady: Worker; flooder: Worker; seconds: number},
): Promise<Row[]> {
  const {server, others, steady, flooder, seconds} = run;
  const peer = trial.peer.name;
  await steady.call('openTenants', {
    peer,
    access: server.access,
    first: 1,
    tenants: others,
    records: RECORDS,
  });
  await flooder.call('connect', {
    peer,
    access: accessOfTenant(server.access, 0),
    members: Array.from({length: FLOOD_DEVICES}, (_, device) => device),
    devices: FLOOD_DEVICES,
    records: RECORDS,
    sampled: [],
  });
  const drive = () =>
    trial.measure(server, () =>
      steady.call('driveTenants', {editsPerSecond: (EDITS_PER_SECOND * others) / TENANTS, seconds}),
    );
  // Each tenant once: the first edit of a tenant loads what the later ones find.
  await drive();
  const before = await drive();
  const floodSeconds = seconds + (2 * FLOOD_LEAD_MS) / 1_000;
  const flooding = flooder.call('drive', {
    kind: 'outstanding',
    edits: FLOOD_OUTSTANDING,
    seconds: floodSeconds,
  });
  await delay(FLOOD_LEAD_MS);
  const during = await drive();
  const flooded = await flooding;
  await assertFloodKept(flooder, flooded);
  await steady.call('closeTenants', null);
  const rowOf = (way: string, {result, cost}: typeof before, floodRate: number): Row =>
    toRow(way, {ackLatencies: result.ackLatencies.sort(), cost, seconds, floodRate});
  return [rowOf('steady', before, 0), rowOf('flooded', during, flooded / floodSeconds)];
}

async function assertFloodKept(flooder: Worker, edits: number): Promise<void> {
  const {faults, ackLatencies} = await flooder.call('settle', edits);
  await flooder.call('disconnect', null);
  if (faults.length > 0) throw new Error(`the flooder: ${faults.join('; ')}`);
  if (ackLatencies.length < edits) throw new Error('an edit of the flooder was not acknowledged');
}

const toRow = (
  way: string,
  {
    ackLatencies,
    cost,
    seconds,
    floodRate,
  }: {
    ackLatencies: Float64Array;
    cost: Cost;
    seconds: number;
    floodRate: number;
  },
): Row => ({
  way,
  values: {
    p50: percentile(ackLatencies, 0.5),
    p99: percentile(ackLatencies, 0.99),
    floodRate,
    cpu: (cost.serverCpuSeconds * 100) / seconds,
    peak: megabytes(cost.serverPeakBytes),
  },
  distributions: {ack: quantilesOf(ackLatencies)},
});
