// One thread of the fuzzer under watch: it is ended when an input takes it longer than allowed, or more memory. Both are
// failures, and the input that was under way is kept.
import {readFileSync} from 'node:fs';
import {startTypescriptThread} from '#server/typescript-thread.ts';
import {createPlace, newSharedPlace, type Place} from './shared-place.ts';
import type {ThreadData, ThreadMessage} from './thread.ts';
import type {RowResult} from './try-row.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 25;
/** Milliseconds for making a scene, in which a fresh thread also compiles all code. */
const SCENE_MS_MAX = 30_000;

export interface ThreadLimits {
  /** Milliseconds of the processor that one input may take. */
  readonly inputMsMax: number;
  /** Megabytes that all of a thread may hold. */
  readonly memoryMbMax: number;
}

/** Told where a thread was when it had to be ended, and why. */
type OnEnded = (ended: Place & {readonly what: string}) => void;

/** Resolves when the thread has no more rows, or was ended; why goes to `onEnded`. */
export async function runThread(
  data: Omit<ThreadData, 'place'>,
  {limits, onRow, onEnded}: {limits: ThreadLimits; onRow: (result: RowResult) => void; onEnded: OnEnded},
): Promise<void> {
  const place = newSharedPlace();
  const {step, read} = createPlace(place);
  const thread = startTypescriptThread(new URL('thread.ts', import.meta.url), {
    resourceLimits: {maxOldGenerationSizeMb: limits.memoryMbMax},
    workerData: {...data, place} satisfies ThreadData,
  });
  const fail = (what: string): void => {
    onEnded({...read(), what});
  };
  let ranMs = (): number => performance.now();
  let seen = {step: -1, ranMs: 0};
  const look = (): void => {
    const now = {step: step(), ranMs: ranMs()};
    if (now.step === 0 || now.step !== seen.step) {
      seen = now;
      return;
    }
    const msMax = read().index < 0 ? SCENE_MS_MAX : limits.inputMsMax;
    if (now.ranMs - seen.ranMs < msMax) return;
    clearInterval(timer);
    fail(`takes longer than ${msMax} ms`);
    void thread.terminate();
  };
  const timer = setInterval(look, LOOK_MS);
  thread.on('message', (message: ThreadMessage) => {
    if (message.kind === 'row') onRow(message);
    else if (message.threadId !== null) ranMs = () => processorMs(message.threadId ?? '');
  });
  thread.on('error', (error: Error & {code?: string}) => {
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    fail(isMemory ? `takes more than ${limits.memoryMbMax} MB` : (error.stack ?? error.message));
  });
  await new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  clearInterval(timer);
}

/** What a thread of this process has run: time that others had the processor is not its own. */
function processorMs(threadId: string): number {
  try {
    const [ns = '0'] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  } catch {
    // It has ended, and `exit` is about to say so.
    return 0;
  }
}
