// A load process: runs devices on behalf of the harness, away from the server and the harness' own work. Forked
// by worker-process.ts.
import {peerOf} from '../peers/all-peers.ts';
import {makeBurst} from './burst.ts';
import {clockMs} from './clock.ts';
import {openDeviceGroup, type DeviceGroup} from './device-group.ts';
import type {WorkerAnswer, WorkerCalls, WorkerRequest} from './worker-calls.ts';

let group: DeviceGroup | undefined;

const connected = (): DeviceGroup => {
  if (group === undefined) throw new Error('no devices are connected');
  return group;
};

async function timed<T>(work: () => Promise<T>): Promise<{ms: number; result: T}> {
  const start = clockMs();
  const result = await work();
  return {ms: clockMs() - start, result};
}

const calls: WorkerCalls = {
  async connect({peer, ...settings}) {
    group = await openDeviceGroup(peerOf(peer), settings);
  },
  drive: (drive) => connected().drive(drive),
  settle: (total) => connected().settle(total),
  disconnect: () => connected().close(),
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
