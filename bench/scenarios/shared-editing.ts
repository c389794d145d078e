// The load of `live` and `saturation`: devices in two processes edit the same tasks; every edit must reach every
// other device, and two sampled devices must end up equal.
import type {GroupReport, Drive} from '../load/device-group.ts';
import {summarizeDeliveries, type DeliverySummary} from '../load/deliveries.ts';
import {startWorker, type Worker} from '../load/worker-process.ts';
import type {Access} from '../peers/peer.ts';
import type {Cost, Trial} from './scenario.ts';

const WORKERS = 2;

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
    const before = await cpuSecondsOf(workers);
    const {result: reports, cost} = await trial.measure(server, () => driveAll(workers, shape));
    const loadCpuSeconds = (await cpuSecondsOf(workers)) - before;
    await Promise.all(workers.map((worker) => worker.call('disconnect', null)));
    const deliveries = summarizeDeliveries(
      {
        sent: reports.map(({sent}) => sent),
        received: reports.map(({received}) => received),
        resets: reports.flatMap(({resets}) => resets),
      },
      shape,
    );
    assertKept(reports, deliveries);
    const ackLatencies = Float64Array.from(reports.flatMap((report) => [...report.ackLatencies])).sort();
    return {deliveries, ackLatencies, cost, loadCpuSeconds};
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

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

async function driveAll(workers: readonly Worker[], {drive}: Shape): Promise<GroupReport[]> {
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

function assertKept(reports: readonly GroupReport[], {edits, lost}: DeliverySummary): void {
  const faults = reports.flatMap((report) => report.faults);
  if (faults.length > 0) throw new Error(`faults: ${faults.join('; ')}`);
  if (edits === 0) throw new Error('no edit was made');
  if (lost > 0) throw new Error(`${lost} of ${edits} edits did not reach every device`);
  const acked = reports.reduce((sum, {ackLatencies}) => sum + ackLatencies.length, 0);
  if (acked < edits) throw new Error(`${edits - acked} of ${edits} edits were not acknowledged`);
  const replicas = reports.flatMap((report) => report.replicas);
  const isCompacted = reports.some(({resets}) => resets.length > 0);
  for (const replica of replicas) {
    if ((replica.edits !== edits && !isCompacted) || replica.incomplete > 0)
      throw new Error(
        `device ${replica.device} holds ${replica.edits} of ${edits} edits, ${replica.incomplete} documents wait`,
      );
  }
  if (new Set(replicas.map(({hash}) => hash)).size > 1)
    throw new Error('the sampled devices show different values');
}
