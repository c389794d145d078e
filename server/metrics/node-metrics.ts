// What this node hears from the others on the database, and they from it.
import type {Repair} from '../sync/nodes.ts';
import type {BusWatch} from '../sync/postgres-bus.ts';
import {SECONDS, type Instruments} from './instruments.ts';

export interface NodeMetrics extends Omit<BusWatch, 'lost'> {
  readonly repaired: (repair: Repair) => void;
}

export function createNodeMetrics({counter, histogram}: Instruments): NodeMetrics {
  const sent = counter('fieldmerge_node_messages_sent_total', 'Notifications sent to other nodes.');
  const received = counter(
    'fieldmerge_node_messages_received_total',
    'Notifications received from other nodes.',
  );
  const reconnects = counter(
    'fieldmerge_node_reconnects_total',
    'Times the connection that hears other nodes was lost and made anew.',
  );
  const repairs = counter(
    'fieldmerge_node_repairs_total',
    'Commits of other nodes found in the counters before any notification told of them. A few are normal.',
    'kind',
  );
  const lag = histogram(
    'fieldmerge_node_lag_seconds',
    'Seconds from a commit on another node until this one knew of it; notifications by the clocks of both.',
    {labelNames: ['way'], buckets: SECONDS},
  );
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
