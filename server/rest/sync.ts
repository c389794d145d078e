// Batch catch-up and push for devices without a socket.
import {pullQuery, pullResponse} from '#crdt/protocol/pull.ts';
import {pushEnvelope, pushRequest, pushResponse} from '#crdt/protocol/push.ts';
import {pull} from '../sync/pull.ts';
import {push} from '../sync/push.ts';
import {jsonResponse, memberRoute, type RouteDeps} from './route.ts';

export function mountSync(deps: RouteDeps): void {
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/sync/push',
      summary: 'Changes of one device, in the order it made them. A bad one never fails the others.',
      body: pushEnvelope,
      documentedBody: pushRequest,
      deviceIn: 'body',
      answer: pushResponse,
      description:
        'Up to 500 changes, each answered on its own: `applied`, `unchanged` (a repeat, or nothing new) or `rejected` with ' +
        'a code. JSON says which fields are to have which values; `base` says what the user was looking at. With ' +
        '`encoding: "yjs"` a change is one Yjs V1 update of the record.',
      errors: ['client_taken', 'overloaded'],
    },
    (member, {body}) =>
      service.tracing.child('push', {changes: body.changes.length}, () => push(service, member, body)),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/sync/pull',
      summary: 'Records changed after a place in the feed, each once, in its current state.',
      query: pullQuery,
      answer: pullResponse,
      description:
        'Ask again with the `nextCursor` of the answer before, for as long as `hasMore`, and whenever there may be news. ' +
        'A cursor of another role, tenant or database history gets 410 `resync`: read everything anew.',
      errors: ['bad_cursor', 'resync'],
    },
    async (member, {query}) => jsonResponse(await pull(service, member, query)),
  );
}
