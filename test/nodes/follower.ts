// A device that only follows: whenever its connection ends it goes to another server, and says how long it was not current.
import type {LoadTask} from '../faults/kill-journal.ts';
import {LiveDevice, type Copy} from '../support/live-device.ts';

export interface Follower {
  /** Milliseconds from the end of a connection until the next one had caught up, each time. */
  readonly gapsMs: readonly number[];
  /** What it holds, by `entity/id`. */
  readonly records: ReadonlyMap<string, Copy>;
  /** Resolves when it holds everything up to a position. */
  reached(position: number): Promise<void>;
  stop(): void;
}

/** serverUrl: one that may be up; asked at each attempt. */
export async function startFollower(
  {token, tenantId}: Pick<LoadTask, 'token' | 'tenantId'>,
  serverUrl: () => string,
): Promise<Follower> {
  const records = new Map<string, Copy>();
  const gapsMs: number[] = [];
  const state = {isStopped: false, cursor: null as string | null};
  const deviceId = crypto.randomUUID();

  /** Null if that server does not take it. */
  const connect = async (): Promise<LiveDevice | null> => {
    const url = serverUrl().replace('http', 'ws');
    const device = await LiveDevice.connect({
      url,
      token,
      tenantId,
      deviceId,
      cursor: state.cursor,
      records,
      keepFrames: false,
    });
    await device.live();
    return device.caughtUps > 0 ? device : null;
  };
  const connectSomewhere = async (): Promise<LiveDevice> => {
    for (;;) {
      const device = await connect();
      if (device !== null) return device;
      // Whoever was refused lets others go first.
      await new Promise(setImmediate);
    }
  };
  let device = await connectSomewhere();
  void (async () => {
    for (;;) {
      await device.ended();
      const {cursor} = device;
      if (state.isStopped) return;
      const endedAt = performance.now();
      state.cursor = cursor;
      device = await connectSomewhere();
      gapsMs.push(performance.now() - endedAt);
    }
  })();
  return {
    gapsMs,
    records,
    async reached(position) {
      while (device.position < position) {
        await device.until(() => device.position >= position || device.closed !== null);
        // The next connection may take a while.
        await new Promise(setImmediate);
      }
    },
    stop() {
      state.isStopped = true;
      device.close();
    },
  };
}
