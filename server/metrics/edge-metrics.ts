// What comes in from outside: requests, sockets and what goes over them.
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {Traffic} from '../live/traffic.ts';
import {SECONDS, type Instruments} from './instruments.ts';

/** route: as it is declared, never a path with ids; `none` where no route is. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

export interface EdgeMetrics {
  readonly answered: (request: AnsweredRequest) => void;
  readonly watch: (sources: EdgeSources) => void;
}

export interface EdgeSources {
  readonly stats: () => {readonly live: number; readonly yjs: number};
  readonly traffic: Traffic;
  /** Connections that are told of commits. */
  readonly followers: () => number;
}

export function createEdgeMetrics(instruments: Instruments): EdgeMetrics {
  const {histogram, readGauge, readGauges, readCounters} = instruments;
  const requests = histogram(
    'fieldmerge_http_request_seconds',
    'Seconds to answer a request, by method, declared route and class of status.',
    {labelNames: ['method', 'route', 'status'], buckets: SECONDS},
  );
  return {
    answered: ({method, route, status, ms}) =>
      requests.observe({method, route, status: `${Math.trunc(status / 100)}xx`}, ms / 1000),
    watch({stats, traffic, followers}) {
      readGauges('fieldmerge_sockets', 'Open sockets: our own protocol, or stock Yjs.', {
        labelNames: ['protocol'],
        read: () =>
          Object.entries(stats()).flatMap(([protocol, count]) =>
            kinds.has(protocol) ? [[{protocol}, count]] : [],
          ),
      });
      readGauge('fieldmerge_followers', 'Connections that are told of commits.', followers);
      readCounters('fieldmerge_socket_bytes_total', 'Bytes of frames, without what transport adds.', {
        labelNames: ['direction'],
        read: () => [
          [{direction: 'received'}, traffic.receivedBytes],
          [{direction: 'sent'}, traffic.sentBytes],
        ],
      });
      readCounters('fieldmerge_socket_ends_total', 'Connections that this node ended, by code.', {
        labelNames: ['code'],
        read: () => byCode(traffic.endings),
      });
      readCounters(
        'fieldmerge_unreadable_updates_total',
        'Updates on sockets that are no Yjs update of a record, by code. They do not reach a lane.',
        {labelNames: ['code'], read: () => byCode(traffic.unreadable)},
      );
    },
  };
}

const kinds = new Set(['live', 'yjs']);

const byCode = (counts: ReadonlyMap<ErrorCode, number>) =>
  [...counts].map(([code, count]) => [{code}, count] as const);
