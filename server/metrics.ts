// What an operator watches, in Prometheus' text format. Labels are codes, kinds and declared routes: never an id, a name
// or a value, so that their number is bounded and nothing of a tenant shows. docs/generated/metrics.md lists them.
import {collectDefaultMetrics, Registry} from 'prom-client';
import {createEdgeMetrics, type EdgeMetrics} from './metrics/edge-metrics.ts';
import {createInstruments} from './metrics/instruments.ts';
import {createLaneMetrics, type LaneMetrics} from './metrics/lane-metrics.ts';
import {createNodeMetrics, type NodeMetrics} from './metrics/node-metrics.ts';
import {createSendingMetrics, type SendingMetrics} from './metrics/sending-metrics.ts';
import {watchStore, type StoreSources} from './metrics/store-metrics.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly lane: LaneMetrics;
  readonly nodes: NodeMetrics;
  readonly sending: SendingMetrics;
  readonly edge: EdgeMetrics;
  readonly watchStore: (sources: StoreSources) => void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  // Of the process: memory, processor, event loop delay, garbage collection.
  collectDefaultMetrics({register: registry});
  const instruments = createInstruments(registry);
  return {
    registry,
    lane: createLaneMetrics(instruments),
    nodes: createNodeMetrics(instruments),
    sending: createSendingMetrics(instruments, registry),
    edge: createEdgeMetrics(instruments),
    watchStore: (sources) => watchStore(instruments, sources),
  };
}
