// Messages that carry invoices out.
import {Gauge, type Registry} from 'prom-client';
import type {QueueFigures} from '#db/delivery-queue.ts';
import type {Instruments} from './instruments.ts';

export interface SendingMetrics {
  readonly attempted: (attempt: {channel: string; outcome: string; ms: number}) => void;
  /** figures: asked each time somebody reads the metrics. While they cannot be had, the last ones stand. */
  readonly watch: (figures: () => Promise<QueueFigures>) => void;
}

export function createSendingMetrics({histogram}: Instruments, registry: Registry): SendingMetrics {
  const registers = [registry];
  const attempts = histogram(
    'fieldmerge_delivery_attempt_seconds',
    'Attempts at messages, by channel and outcome.',
    {labelNames: ['channel', 'outcome'], buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 20, 60]},
  );
  return {
    attempted: ({channel, outcome, ms}) => attempts.observe({channel, outcome}, ms / 1000),
    watch(figures) {
      const waiting = new Gauge({
        name: 'fieldmerge_outbox_waiting',
        help: 'Messages with an attempt before them or under way.',
        registers,
      });
      const dead = new Gauge({
        name: 'fieldmerge_outbox_given_up',
        help: 'Messages that were given up and wait for a manager.',
        registers,
      });
      new Gauge({
        name: 'fieldmerge_outbox_age_seconds',
        help: 'How long the message is overdue that waits longest.',
        registers,
        async collect() {
          // A database that is away must not take the other figures with it: they are wanted most then.
          const now = await figures().catch(() => null);
          if (now === null) return;
          waiting.set(now.waiting);
          dead.set(now.dead);
          this.set(now.oldestSeconds);
        },
      });
    },
  };
}
