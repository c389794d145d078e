// A thread of the fuzzer: takes row after row, and writes what it is about to try where the campaign can see it even
// when this thread no longer answers. Started by campaign.ts.
import {readlinkSync} from 'node:fs';
import {parentPort, workerData} from 'node:worker_threads';
import {createPlace, type SharedPlace} from './shared-place.ts';
import type {TargetOf} from './target.ts';
import {tryRow, type RowResult} from './try-row.ts';

export interface ThreadData {
  readonly seed: number;
  /** URL of a module that exports `targetOf`. */
  readonly targets: string;
  readonly place: SharedPlace;
  /** One number that all threads take their rows from. */
  readonly nextRow: Int32Array;
  /** Past the last. */
  readonly rows: number;
  /** Whether errors say where they were thrown. Most inputs end in one, and asking costs more than the input. */
  readonly hasStacks: boolean;
}

export type ThreadMessage =
  /** By this id Linux tells how long the thread ran; null elsewhere. */
  {readonly kind: 'begun'; readonly threadId: string | null} | ({readonly kind: 'row'} & RowResult);

const {seed, targets, place, nextRow, rows, hasStacks} = workerData as ThreadData;
const {note} = createPlace(place);
const post = (message: ThreadMessage): void => parentPort?.postMessage(message);

const readThreadId = (): string | null => {
  try {
    return readlinkSync('/proc/thread-self').split('/').at(-1) ?? null;
  } catch {
    return null;
  }
};

const {targetOf} = (await import(targets)) as {targetOf: TargetOf};
if (!hasStacks) Error.stackTraceLimit = 0;
post({kind: 'begun', threadId: readThreadId()});
for (;;) {
  const row = Atomics.add(nextRow, 0, 1);
  if (row >= rows) break;
  post({kind: 'row', ...(await tryRow({seed, row, targetOf}, note))});
  // A turn of the loop, in which the message leaves.
  await new Promise((resolve) => setImmediate(resolve));
}
