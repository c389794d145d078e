// Run as a process of its own by kill.ts: devices that write without pause, over REST as JSON and as Yjs and over
// the socket, and send again what was not acknowledged, as real ones do. It outlives every server.
import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import type {DeviceKind, KillWrite, LoadAnswer, LoadCommand, LoadTask} from './kill-journal.ts';
import {LoadFailed, type Sender} from './kill-sender.ts';
import {createJsonSender, createYjsSender} from './kill-rest-devices.ts';
import {createLiveSender} from './kill-live-device.ts';

const task = JSON.parse(process.argv[2] ?? '{}') as LoadTask;
const state = {
  urls: [] as readonly string[],
  isPaused: true,
  resent: 0,
  writing: 0,
  interruptionsMs: [] as number[],
};
const journal: KillWrite[] = [];
const makers = {json: createJsonSender, yjs: createYjsSender, live: createLiveSender};

/** A server that is down may be among them: then the next attempt takes another. */
const serverUrl = (): string => {
  const url = state.urls[Math.floor(Math.random() * state.urls.length)];
  if (url === undefined) throw new Error('No server is up.');
  return url;
};

const answer = (message: LoadAnswer): void => void process.send?.(message);

const RETRY_MS = 20;
const WRITES_PER_OWN_RECORD = 12;
const BATCH_MAX = 4;

async function runDevice(kind: DeviceKind, place: number): Promise<void> {
  const deviceId = randomUUID();
  const sender = makers[kind]({task, deviceId, serverUrl});
  let own = randomUUID();
  for (let number = 1; ;) {
    while (state.isPaused) await delay(RETRY_MS);
    const batch: KillWrite[] = [];
    for (let size = 1 + Math.floor(Math.random() * BATCH_MAX); size > 0; size--, number++) {
      const isOwn = number % 2 === 0;
      if (number % WRITES_PER_OWN_RECORD === 0) own = randomUUID();
      const shared = task.shared[Math.floor(Math.random() * task.shared.length)] ?? own;
      batch.push({
        name: `${kind}${place}.${number}`,
        kind,
        deviceId,
        record: isOwn ? own : shared,
        isOwn,
        number,
        acked: false,
        seq: null,
        conflicts: [],
        item: null,
      });
    }
    journal.push(...batch);
    state.writing++;
    for (const write of batch) sender.prepare(write);
    await deliver(sender, batch);
    state.writing--;
  }
}

async function deliver(sender: Sender, batch: readonly KillWrite[]): Promise<void> {
  let failedAt = Infinity;
  for (let attempt = 1; ; attempt++) {
    const pending = batch.filter(({acked}) => !acked);
    if (pending.length === 0) {
      if (failedAt < Infinity) state.interruptionsMs.push(performance.now() - failedAt);
      return;
    }
    if (attempt === 2) state.resent += pending.length;
    if (attempt > 1) await delay(RETRY_MS);
    try {
      await sender.send(pending);
    } catch (error) {
      if (error instanceof LoadFailed) throw error;
      // The server is gone, or does not take it now: the same again, until one does.
      failedAt = Math.min(failedAt, performance.now());
    }
  }
}

async function pause(): Promise<void> {
  state.isPaused = true;
  while (state.writing > 0) await delay(RETRY_MS);
  answer({kind: 'paused'});
}

process.on('message', (command: LoadCommand) => {
  switch (command.kind) {
    case 'servers':
      state.urls = command.urls;
      break;
    case 'pause':
      void pause();
      break;
    case 'resume':
      state.isPaused = false;
      break;
    case 'report':
      answer({
        kind: 'report',
        writes: journal,
        resent: state.resent,
        interruptionsMs: state.interruptionsMs,
      });
      break;
  }
});
process.on('disconnect', () => process.exit(0));

for (const [kind, count] of Object.entries(task.devices) as [DeviceKind, number][]) {
  for (let place = 0; place < count; place++) {
    runDevice(kind, place).catch((error: unknown) => {
      state.writing--;
      answer({kind: 'failed', message: error instanceof Error ? error.message : String(error)});
    });
  }
}
