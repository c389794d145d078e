// docs/generated/metrics.md: every metric of a server with its labels, read from the registry itself.
import {createMetrics} from '#server/metrics.ts';
import {createTraffic} from '#server/live/traffic.ts';
import {code, markdownPage, table, type Page} from './page.ts';

export interface DeclaredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Of a server that watches everything. */
export function listMetrics(): DeclaredMetric[] {
  const metrics = createMetrics();
  metrics.edge.watch({stats: () => ({live: 0, yjs: 0}), traffic: createTraffic(), followers: () => 0});
  metrics.sending.watch(() => Promise.resolve({waiting: 0, oldestSeconds: 0, dead: 0}));
  metrics.watchStore({
    cache: {stats: () => ({records: 0, bytes: 0, hits: 0, misses: 0})},
    laneLoad: () => ({changes: 0, tenants: 0, stalledMs: 0, quietMs: 0}),
    pool: {totalCount: 0, idleCount: 0, waitingCount: 0},
  });
  return metrics.registry.getMetricsAsArray().map((metric) => {
    const {
      name,
      help,
      type,
      labelNames = [],
    } = metric as unknown as Partial<Pick<DeclaredMetric, 'labelNames'>> & Omit<DeclaredMetric, 'labelNames'>;
    return {name, help, type, labelNames};
  });
}

export function metricsPage(): Page {
  const all = listMetrics();
  const isOurs = ({name}: DeclaredMetric): boolean => name.startsWith('fieldmerge_');
  const row = ({name, type, labelNames, help}: DeclaredMetric): string[] => [
    code(name),
    type,
    labelNames.map(code).join(', '),
    help,
  ];
  const header = ['Metric', 'Type', 'Labels', 'What'];
  return markdownPage('docs/generated/metrics.md', {
    title: 'Metrics',
    source: 'server/metrics.ts',
    body: [
      'What `GET /metrics` answers. Histograms have `_bucket`, `_sum` and `_count`.',
      table(header, all.filter(isOurs).map(row)),
      '## Of the process',
      table(header, all.filter((metric) => !isOurs(metric)).map(row)),
    ],
  });
}
