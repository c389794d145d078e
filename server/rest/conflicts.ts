// Overwrites for review; managers only.
import {z} from 'zod';
import {conflict, conflictsQuery, conflictsResponse, resolveRequest} from '#crdt/protocol/conflicts.ts';
import {recordId} from '#crdt/protocol/ids.ts';
import {listConflicts, resolveConflict} from '../sync/conflicts.ts';
import {memberRoute, type RouteDeps} from './route.ts';

export function mountConflicts(deps: RouteDeps): void {
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/conflicts',
      summary: 'Overwrites in the order in which they arose.',
      query: conflictsQuery,
      answer: conflictsResponse,
    },
    (member, {query}) => listConflicts(service, member, query),
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/conflicts/{id}/resolve',
      summary: "Lets an overwrite stand, or gives the loser's values back.",
      params: z.object({id: recordId}),
      body: resolveRequest,
      answer: conflict,
    },
    (member, {params, body}) => resolveConflict(service, member, {id: params.id, request: body}),
  );
}
