// Documents are laid out in a thread of their own: a long list takes half a second, in which sockets and requests would
// wait. One document at a time; the thread starts with the first one, and ends when nobody has asked for a while.
import type {Worker} from 'node:worker_threads';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {startTypescriptThread} from '../typescript-thread.ts';
import type {Printed} from './print-thread.ts';
import type {Bill} from './read-bill.ts';

/**
 * The same bill, the same bytes. Rejects with SyncError `overloaded` where too many wait, and `internal` for one that
 * cannot be laid out, or not in time.
 */
export type PrintBill = (bill: Bill) => Promise<Uint8Array>;

export interface Printer {
  readonly print: PrintBill;
  /** Rejects what waits. */
  readonly close: () => Promise<void>;
}

/** Documents that wait, beside the one under way. */
const WAITING_MAX = 64;
/** Milliseconds for one document, the start of the thread included. */
const PRINT_MS_MAX = 20_000;
/** Milliseconds without a document after which the thread and its fonts are let go. */
const IDLE_MS = 60_000;
const MEMORY_MB_MAX = 256;

interface Job {
  readonly bill: Bill;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: SyncError) => void;
}

const startThread = (): Worker =>
  startTypescriptThread(new URL('print-thread.ts', import.meta.url), {
    resourceLimits: {maxOldGenerationSizeMb: MEMORY_MB_MAX},
  });

export function createPrinter({
  waitingMax = WAITING_MAX,
  printMsMax = PRINT_MS_MAX,
}: {waitingMax?: number; printMsMax?: number} = {}): Printer {
  const waiting: Job[] = [];
  let thread: Worker | null = null;
  let job: Job | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const endThread = (): void => {
    const ended = thread;
    thread = null;
    void ended?.terminate();
  };
  /** The job under way is over; without a thread where that did not survive it. */
  const finish = (settle: (ended: Job) => void): void => {
    const ended = job;
    job = null;
    clearTimeout(timer);
    if (ended !== null) settle(ended);
    next();
  };
  const fail = (cause: unknown): void => {
    finish(({reject}) => reject(new SyncError('internal', {message: 'A document was not printed.', cause})));
  };
  const openThread = (): Worker => {
    const opened = startThread();
    opened.on('message', (printed: Printed) => {
      // Too late: the one under way by now is another.
      if (thread !== opened) return;
      if (printed.kind === 'failed') fail(printed.error);
      else finish(({resolve}) => resolve(printed.bytes));
    });
    // Out of memory, say. What waits goes to a new one.
    const lost = (error: unknown): void => {
      if (thread !== opened) return;
      thread = null;
      fail(error);
    };
    opened.on('error', lost);
    opened.on('exit', () => lost(new Error('The thread ended.')));
    return opened;
  };
  const next = (): void => {
    job = waiting.shift() ?? null;
    if (job === null) {
      thread?.unref();
      timer = setTimeout(endThread, IDLE_MS).unref();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      endThread();
      fail(new Error(`It took more than ${printMsMax} ms.`));
    }, printMsMax);
    thread ??= openThread();
    thread.ref();
    thread.postMessage(job.bill);
  };
  return {
    print: (bill) =>
      new Promise((resolve, reject) => {
        if (isClosed || waiting.length >= waitingMax) {
          reject(new SyncError('overloaded', {message: 'Too many documents wait to be printed.'}));
          return;
        }
        waiting.push({bill, resolve, reject});
        if (job === null) next();
      }),
    async close() {
      isClosed = true;
      const refused = waiting.splice(0);
      const closed = thread;
      thread = null;
      fail(new Error('The server stops.'));
      for (const {reject} of refused) reject(new SyncError('overloaded'));
      clearTimeout(timer);
      await closed?.terminate();
    },
  };
}
