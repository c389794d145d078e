// Takes what is due from the outbox and makes the attempts, a few at a time. Every node runs one; leases keep them
// from each other's messages. Woken when something was queued here, and by a timer for the rest.
import {claimDelivery} from '#db/delivery-queue.ts';
import {startPoll} from '../sync/poll.ts';
import {noTracing, type Tracing} from '../tracing.ts';
import {SEND_TIMEOUT_MS} from './channel.ts';
import {deliver, type DeliveredAs, type DeliverDeps} from './deliver.ts';

/** Attempts of one node at a time. */
const AT_ONCE = 4;
const EVERY_MS = 2_000;
/** Several requests to a provider, a PDF and some room: an attempt ends long before its lease. */
export const LEASE_MS = 6 * SEND_TIMEOUT_MS;
/** Between two WhatsApp messages to one recipient, as Meta wants it. */
export const RECIPIENT_GAP_MS = 6_000;

export interface WorkerDeps extends DeliverDeps {
  readonly tracing?: Tracing;
  readonly onAttempt: (attempt: {channel: string; outcome: DeliveredAs; ms: number}) => void;
}

export interface SendingWorker {
  /** Something may be due. */
  wake(): void;
  /** Takes nothing more, and waits for the attempts under way. */
  stop(): Promise<void>;
}

/** One attempt, if something is due. */
export async function deliverNext(deps: WorkerDeps): Promise<DeliveredAs | null> {
  const claimed = await claimDelivery(deps.pool, {
    now: new Date(deps.now()),
    leaseMs: LEASE_MS,
    recipientGapMs: RECIPIENT_GAP_MS,
  });
  if (claimed === undefined) return null;
  const started = performance.now();
  const {tracing = noTracing} = deps;
  const outcome = await tracing.root('delivery attempt', {channel: claimed.channel}, () =>
    deliver(deps, claimed),
  );
  deps.onAttempt({channel: claimed.channel, outcome, ms: performance.now() - started});
  return outcome;
}

export function startSendingWorker(deps: WorkerDeps): SendingWorker {
  let isStopping = false;
  const round = async (): Promise<void> => {
    while (!isStopping && (await deliverNext(deps)) !== null);
  };
  // Each goes its own way: while a provider lets one wait, what is queued meanwhile goes out through the others.
  const lines = Array.from({length: AT_ONCE}, () =>
    startPoll({everyMs: EVERY_MS, round, onFault: deps.onFault}),
  );
  const wake = (): void => lines.forEach((line) => line.soon());
  wake();
  return {
    wake,
    async stop() {
      isStopping = true;
      await Promise.all(lines.map((line) => line.stop()));
    },
  };
}
