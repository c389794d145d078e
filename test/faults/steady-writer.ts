// A device that writes tasks over the live socket whatever happens to the line: connects again, sends what was not
// acknowledged again, and notes what it was told.
import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import type {LiveDevice} from '#test/support/live-device.ts';
import type {Person} from '#test/support/world.ts';
import {connectTo} from './node-callers.ts';

/** Milliseconds without an answer after which a device takes its connection for dead. */
const PATIENCE_MS = 1_500;
const RETRY_MS = 20;

export interface SteadyWriter {
  /** By task, in the order of the acknowledgements. */
  readonly acknowledged: readonly string[];
  /** Codes of `retry` answers so far. */
  readonly retries: readonly string[];
  /** Resolves once so many more were acknowledged than now. */
  more(count: number): Promise<void>;
  /** Finishes what it is at. */
  stop(): Promise<void>;
  /** Leaves off wherever it is. */
  abandon(): Promise<void>;
}

/** Asks for the port anew with each connection. patienceMs: above what a lane tries for, to hear that it gave up. */
export function startSteadyWriter(
  person: Person,
  portOf: () => number,
  {patienceMs = PATIENCE_MS}: {patienceMs?: number | undefined} = {},
): SteadyWriter {
  const own = person.onNewDevice();
  const acknowledged: string[] = [];
  const retries: string[] = [];
  let isStopping = false;
  let isAbandoned = false;
  let isVoid = false;
  let device: LiveDevice | null = null;

  const connected = async (): Promise<LiveDevice | null> => {
    if (device !== null && device.closed === null) return device;
    const copy = device?.welcome
      ? {records: device.records, clientId: device.clientId, cursor: isVoid ? null : device.cursor}
      : {};
    const opening = connectTo(portOf(), own, copy);
    const opened = await Promise.race([opening, delay(patienceMs, null)]);
    if (opened === null) void opening.then((late) => late.ws.terminate());
    else if (opened.welcome !== null) device = opened;
    // Its cursor is of a history that did not go on: it reads everything anew.
    isVoid = opened?.closed?.reason === 'resync';
    return opened?.welcome ? opened : null;
  };
  /** True: acknowledged. */
  const send = async (update: RecordUpdate): Promise<boolean> => {
    const live = await connected();
    if (live === null) return false;
    const answered = live.answered(live.sendUpdates([update])).catch(() => []);
    const answers = await Promise.race([answered, delay(patienceMs, null)]);
    if (answers === null) live.ws.terminate();
    const [answer] = answers ?? [];
    if (answer?.kind === 'retry') retries.push(answer.code);
    if (answer?.kind === 'reject') throw new Error(`Refused: ${answer.code}`);
    return answer?.kind === 'ack';
  };
  const run = async (): Promise<void> => {
    while (!isStopping) {
      const id = randomUUID();
      let live = await connected();
      for (; live === null && !isAbandoned; live = await connected()) await delay(RETRY_MS);
      if (live === null) break;
      const update = live.capture('tasks', id, (doc) =>
        doc.getMap('fields').set('title', [Date.now(), 'Steady']),
      );
      let isAcked = await send(update);
      for (; !isAcked && !isAbandoned; isAcked = await send(update)) await delay(RETRY_MS);
      if (isAcked) acknowledged.push(id);
    }
    device?.close();
  };
  const running = run();
  // Whoever waits hears of it; so does `stop`.
  running.catch(() => undefined);
  return {
    acknowledged,
    retries,
    async more(count) {
      const goal = acknowledged.length + count;
      while (acknowledged.length < goal) {
        if (isStopping) throw new Error('The writer has left off.');
        await Promise.race([delay(10), running]);
      }
    },
    stop() {
      isStopping = true;
      return running;
    },
    async abandon() {
      [isStopping, isAbandoned] = [true, true];
      await running.catch(() => undefined);
    },
  };
}
