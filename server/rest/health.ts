// What a load balancer and an operator ask.
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {openRoute, type RouteDeps} from './route.ts';

const alive = z.object({status: z.string()});

export function mountHealth(deps: RouteDeps): void {
  openRoute(
    deps,
    {method: 'get', path: '/healthz', summary: 'Whether the process is alive.', answer: alive},
    () => Promise.resolve({status: 'alive'}),
  );
  openRoute(
    deps,
    {
      method: 'get',
      path: '/readyz',
      summary: 'Whether requests can be served: database reachable and migrated, not draining.',
      answer: alive,
      errors: ['not_ready'],
    },
    async () => {
      if (!(await deps.isReady())) throw new SyncError('not_ready');
      return {status: 'ready'};
    },
  );
  openRoute(
    deps,
    {
      method: 'get',
      path: '/metrics',
      summary: "Figures for operators, in Prometheus' text format.",
      answer: z.string(),
      answerType: 'text/plain',
    },
    async () =>
      new Response(await deps.metrics(), {
        headers: {'content-type': 'text/plain; version=0.0.4; charset=utf-8'},
      }),
  );
}
