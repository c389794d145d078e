// What a load balancer and an operator ask.
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {unreadyText} from '../readiness.ts';
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
      summary:
        'Whether requests belong here: database reachable and migrated, changes committed, not draining.',
      answer: alive,
      errors: ['not_ready'],
    },
    async () => {
      const reason = await deps.whyNotReady();
      if (reason !== null) throw new SyncError('not_ready', {message: unreadyText[reason]});
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
