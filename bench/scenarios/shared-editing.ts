// The load of `live` and `saturation`: devices in two processes edit the same tasks; every edit must reach every
// other device, and two sampled devices must end up equal. What is measured is a server at work, so all peers are warmed
// up in the same way first: by so many edits of the same kind, which do not count.
import type {GroupReport, Drive} from '../load/device-group.ts';
import {summarizeDeliveries, type DeliverySummary} from '../load/deliveries.ts';
import {clockMs} from '../load/clock.ts';
import {startWorker, type Worker} from '../load/worker-process.ts';
import type {Access} from '../peers/peer.ts';
import {scaled} from './measures.ts';
import type {Cost, Trial} from './scenario.ts';

const WORKERS = 2;

/** Edits that each device makes before the clock runs: 10,000 of twenty devices. */
const WARM_UP_EDITS = 500;
const WARM_UP_SECONDS_MAX = 60;

export interface Shape {
  readonly devices: number;
  readonly records: number;
  /** What serves the sockets; what the peer takes by itself if absent. */
  readonly transport?: 'ws' | 'uws';
  /** For all devices together; `outstanding` is per device. */
  readonly drive: Drive;
}

export interface SharedEditing {
  readonly deliveries: DeliverySummary;
  /** Milliseconds, ascending. */
  readonly ackLatencies: Float64Array;
  readonly cost: Cost;
  readonly loadCpuSeconds: number;
}

export async function editTogether(trial: Trial, shape: Shape): Promise<SharedEditing> {
  const {devices, records, transport} = shape;
  const server = await trial.startServer({
    devices,
    records,
    hasEmployees: true,
    ...(transport === undefined ? {} : {transport}),
  });
  const workers = Array.from({length: WORKERS}, startWorker);
  try {
    await connectAll(workers, {trial, shape, access: server.access});
    const warmUp: Drive = {
      kind: 'outstanding',
      edits: 8,
      seconds: WARM_UP_SECONDS_MAX,
      count: warmUpEdits(trial),
    };
    assertFaultless(await driveAll(workers, warmUp));
    const from = clockMs();
    const before = await cpuSecondsOf(workers);
    const {result: reports, cost} = await trial.measure(server, () => driveAll(workers, shape.drive));
    const loadCpuSeconds = (await cpuSecondsOf(workers)) - before;
    await Promise.all(workers.map((worker) => worker.call('disconnect', null)));
    const deliveries = summarizeDeliveries(
      {
        sent: reports.map(({sent}) => sent),
        received: reports.map(({received}) => received),
        resets: reports.flatMap(({resets}) => resets),
      },
      {devices: shape.devices, from},
    );
    assertKept(reports, deliveries);
    const ackLatencies = Float64Array.from(reports.flatMap((report) => [...report.ackLatencies])).sort();
    return {deliveries, ackLatencies, cost, loadCpuSeconds};
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

const warmUpEdits = ({scale}: Trial): number => Math.round(scaled(WARM_UP_EDITS, {scale, min: 2}));

async function connectAll(
  workers: readonly Worker[],
  {trial, shape, access}: {trial: Trial; shape: Shape; access: Access},
): Promise<void> {
  const {devices, records} = shape;
  const numbers = Array.from({length: devices}, (_, device) => device);
  for (const [index, worker] of workers.entries()) {
    const members = numbers.filter((device) => device % workers.length === index);
    await worker.call('connect', {
      peer: trial.peer.name,
      access,
      members,
      devices,
      records,
      sampled: members.slice(0, 1),
    });
  }
}

async function driveAll(workers: readonly Worker[], drive: Drive): Promise<GroupReport[]> {
  const part: Drive =
    drive.kind === 'rate' ? {...drive, editsPerSecond: drive.editsPerSecond / workers.length} : drive;
  const sent = await Promise.all(workers.map((worker) => worker.call('drive', part)));
  const total = sent.reduce((sum, count) => sum + count, 0);
  return Promise.all(workers.map((worker) => worker.call('settle', total)));
}

async function cpuSecondsOf(workers: readonly Worker[]): Promise<number> {
  const used = await Promise.all(workers.map((worker) => worker.call('used', null)));
  return used.reduce((sum, {cpuSeconds}) => sum + cpuSeconds, 0);
}

function assertFaultless(reports: readonly GroupReport[]): void {
  const faults = reports.flatMap((report) => report.faults);
  if (faults.length > 0) throw new Error(`faults: ${faults.join('; ')}`);
}

function assertKept(reports: readonly GroupReport[], {edits, editsInAll, lost}: DeliverySummary): void {
  assertFaultless(reports);
  if (edits === 0) throw new Error('no edit was made');
  if (lost > 0) throw new Error(`${lost} of ${editsInAll} edits did not reach every device`);
  const acked = reports.reduce((sum, {ackLatencies}) => sum + ackLatencies.length, 0);
  if (acked < edits) throw new Error(`${edits - acked} of ${edits} edits were not acknowledged`);
  const replicas = reports.flatMap((report) => report.replicas);
  const isCompacted = reports.some(({resets}) => resets.length > 0);
  for (const replica of replicas) {
    if ((replica.edits !== editsInAll && !isCompacted) || replica.incomplete > 0)
      throw new Error(
        `device ${replica.device} holds ${replica.edits} of ${editsInAll} edits, ${replica.incomplete} documents wait`,
      );
  }
  if (new Set(replicas.map(({hash}) => hash)).size > 1)
    throw new Error('the sampled devices show different values');
}
