// A load process: runs devices on behalf of the harness, away from the server and the harness' own work. Forked
// by worker-process.ts.
import {peerOf} from '../peers/all-peers.ts';
import {makeBurst} from './burst.ts';
import {clockMs} from './clock.ts';
import {openCrowd, type OpenCrowd} from './crowd.ts';
import {openDeviceGroup, type DeviceGroup} from './device-group.ts';
import {pushOffline} from './offline-devices.ts';
import {openRecordWriter, type RecordWriter} from './record-writer.ts';
import {openTenants, type OpenTenants} from './tenant-devices.ts';
import type {WorkerAnswer, WorkerCalls, WorkerRequest} from './worker-calls.ts';

const open: {group?: DeviceGroup; crowd?: OpenCrowd; tenants?: OpenTenants; writer?: RecordWriter} = {};

function opened<Kind extends keyof typeof open>(kind: Kind): NonNullable<(typeof open)[Kind]> {
  const found = open[kind];
  if (found === undefined) throw new Error(`no ${kind} is open`);
  return found;
}

async function timed<T>(work: () => Promise<T>): Promise<{ms: number; result: T}> {
  const start = clockMs();
  const result = await work();
  return {ms: clockMs() - start, result};
}

const calls: WorkerCalls = {
  async connect({peer, ...settings}) {
    open.group = await openDeviceGroup(peerOf(peer), settings);
  },
  drive: (drive) => opened('group').drive(drive),
  settle: (total) => opened('group').settle(total),
  disconnect: () => opened('group').close(),
  async catchUp({peer, access, ...options}) {
    const {ms, result} = await timed(() => peerOf(peer).catchUp(access, {device: 0, ...options}));
    return {...result, ms};
  },
  async burst({peer, access, ...options}) {
    const bursts = [makeBurst(options.records, 0), makeBurst(options.records, 1)] as const;
    // Connecting belongs to the time: a device that was away is not connected.
    const cold = await timed(async () => {
      const link = await peerOf(peer).openBurst(access, {device: 0, ...options});
      await link.push(bursts[0]);
      return link;
    });
    const warm = await timed(() => cold.result.push(bursts[1]));
    await cold.result.close();
    return {coldMs: cold.ms, warmMs: warm.ms};
  },
  async openCrowd({peer, access, ...crowd}) {
    open.crowd = await openCrowd(peerOf(peer), access, crowd);
    return open.crowd.opened;
  },
  storm: () => opened('crowd').storm(),
  closeCrowd: () => opened('crowd').close(),
  pushOffline: ({peer, ...options}) => pushOffline(peerOf(peer), options),
  async openTenants({peer, access, ...settings}) {
    open.tenants = await openTenants(peerOf(peer), access, settings);
  },
  driveTenants: (drive) => opened('tenants').drive(drive),
  closeTenants: () => opened('tenants').close(),
  async openWriter({peer, access}) {
    open.writer = await openRecordWriter(peerOf(peer), access);
  },
  writeRecord: ({edits}) => opened('writer').write(edits),
  closeWriter: () => opened('writer').close(),
  used() {
    const {user, system} = process.cpuUsage();
    return Promise.resolve({
      cpuSeconds: (user + system) / 1e6,
      peakBytes: process.resourceUsage().maxRSS * 1_024,
    });
  },
};

function perform({name, input}: WorkerRequest): Promise<unknown> {
  // The pairs of name and input are checked where they are made.
  const call = calls[name] as (input: unknown) => Promise<unknown>;
  return call(input);
}

process.on('message', (request: WorkerRequest) => {
  const answer = (message: WorkerAnswer) => process.send?.(message);
  perform(request).then(
    (result) => answer({id: request.id, result}),
    (error: unknown) =>
      answer({
        id: request.id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
// The harness is gone: nobody is left to report to.
process.on('disconnect', () => process.exit(0));
