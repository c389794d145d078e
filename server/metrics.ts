// What an operator watches, in Prometheus' text format. Names and labels only: never ids of records or values.
import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';
import type {Repair} from './sync/nodes.ts';
import type {BusWatch} from './sync/postgres-bus.ts';
import type {RecordCache} from './sync/record-cache.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly groupSeconds: Histogram;
  readonly groupChanges: Histogram;
  /** Faults the lane recovered from or gave up on, by kind. */
  readonly faults: Counter<'kind'>;
  readonly nodes: NodeMetrics;
  readonly sending: SendingMetrics;
  /** Reads sizes when somebody asks, so that nothing is counted on the hot path. */
  watch(sources: {cache: RecordCache; sockets: () => number; followers: () => number}): void;
}

/** What this node hears from the others on the database, and they from it. */
export interface NodeMetrics extends Omit<BusWatch, 'lost'> {
  readonly repaired: (repair: Repair) => void;
}

/** Messages that carry invoices out. */
export interface SendingMetrics {
  readonly attempted: (attempt: {channel: string; outcome: string; ms: number}) => void;
  /** figures: asked each time somebody reads the metrics. */
  readonly watch: (figures: () => Promise<{waiting: number; oldestSeconds: number; dead: number}>) => void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({register: registry});
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  return {
    registry,
    groupSeconds: new Histogram({
      name: 'fieldmerge_group_seconds',
      help: 'Seconds from taking a group of changes to its commit.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    groupChanges: new Histogram({
      name: 'fieldmerge_group_changes',
      help: 'Changes committed together.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
      registers,
    }),
    faults: new Counter({
      name: 'fieldmerge_faults_total',
      help: 'Faults that the server recovered from or gave up on.',
      labelNames: ['kind'],
      registers,
    }),
    nodes: createNodeMetrics(registers),
    sending: createSendingMetrics(registers),
    watch({cache, sockets, followers}) {
      gauge('fieldmerge_cached_records', 'Records whose document is loaded.', () => cache.stats().records);
      gauge(
        'fieldmerge_cached_bytes',
        'Bytes those documents are estimated to take.',
        () => cache.stats().bytes,
      );
      gauge('fieldmerge_cache_hits', 'Records found loaded since the start.', () => cache.stats().hits);
      gauge(
        'fieldmerge_cache_misses',
        'Records that had to be loaded since the start.',
        () => cache.stats().misses,
      );
      gauge('fieldmerge_sockets', 'Open sockets.', sockets);
      gauge('fieldmerge_followers', 'Connections that are told of commits.', followers);
    },
  };
}

function createNodeMetrics(registers: Registry[]): NodeMetrics {
  const count = (name: string, help: string) => new Counter({name, help, registers});
  const sent = count('fieldmerge_node_messages_sent_total', 'Notifications sent to other nodes.');
  const received = count(
    'fieldmerge_node_messages_received_total',
    'Notifications received from other nodes.',
  );
  const reconnects = count(
    'fieldmerge_node_reconnects_total',
    'Times the connection that hears other nodes was lost and made anew.',
  );
  const repairs = new Counter({
    name: 'fieldmerge_node_repairs_total',
    help: 'Commits of other nodes found in the counters before any notification told of them. A few are normal.',
    labelNames: ['kind'],
    registers,
  });
  const lag = new Histogram({
    name: 'fieldmerge_node_lag_seconds',
    help: 'Seconds from a commit on another node until this one knew of it; notifications by the clocks of both.',
    labelNames: ['way'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30],
    registers,
  });
  return {
    sent: (notifications) => sent.inc(notifications),
    received(lagMs) {
      received.inc();
      lag.observe({way: 'notification'}, lagMs / 1000);
    },
    reconnected: () => reconnects.inc(),
    repaired({kind, lagMs}) {
      repairs.inc({kind});
      lag.observe({way: 'counter'}, lagMs / 1000);
    },
  };
}

function createSendingMetrics(registers: Registry[]): SendingMetrics {
  const attempts = new Histogram({
    name: 'fieldmerge_delivery_attempt_seconds',
    help: 'Attempts at messages, by channel and outcome.',
    labelNames: ['channel', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 20, 60],
    registers,
  });
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
          const now = await figures();
          waiting.set(now.waiting);
          dead.set(now.dead);
          this.set(now.oldestSeconds);
        },
      });
    },
  };
}
