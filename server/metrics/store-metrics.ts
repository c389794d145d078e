// What stands between the lanes and the disk: their queues, the cache of documents, the connections to Postgres. All of
// it is read when somebody asks.
import type pg from 'pg';
import type {LaneLoad} from '../sync/lane.ts';
import type {RecordCache} from '../sync/record-cache.ts';
import type {Instruments} from './instruments.ts';

export interface StoreSources {
  readonly cache: Pick<RecordCache, 'stats'>;
  readonly laneLoad: () => LaneLoad;
  readonly pool: Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;
}

export function watchStore(
  {readGauge, readGauges, readCounters}: Instruments,
  {cache, laneLoad, pool}: StoreSources,
): void {
  readGauge(
    'fieldmerge_lane_changes_waiting',
    'Changes waiting or being committed.',
    () => laneLoad().changes,
  );
  readGauge('fieldmerge_lane_tenants_waiting', 'Tenants they are of.', () => laneLoad().tenants);
  readGauge(
    'fieldmerge_lane_stalled_seconds',
    'How long the lane has answered nothing that has changes and has answered nothing for longest.',
    () => laneLoad().stalledMs / 1000,
  );
  readGauge('fieldmerge_cached_records', 'Records whose document is loaded.', () => cache.stats().records);
  readGauge(
    'fieldmerge_cached_bytes',
    'Bytes those documents are estimated to take.',
    () => cache.stats().bytes,
  );
  readCounters('fieldmerge_cache_lookups_total', 'Records asked for by lanes: loaded already, or not.', {
    labelNames: ['outcome'],
    read: () => {
      const {hits, misses} = cache.stats();
      return [
        [{outcome: 'hit'}, hits],
        [{outcome: 'miss'}, misses],
      ];
    },
  });
  readGauges('fieldmerge_pool_connections', 'Connections to Postgres, in use or idle.', {
    labelNames: ['state'],
    read: () => [
      [{state: 'used'}, pool.totalCount - pool.idleCount],
      [{state: 'idle'}, pool.idleCount],
    ],
  });
  readGauge('fieldmerge_pool_waiting', 'Statements that wait for a connection.', () => pool.waitingCount);
}
