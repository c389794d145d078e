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
      errors: ['forbidden', 'bad_cursor', 'resync'],
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
      description:
        '`keep` lets the winner stand. `restore` writes the values of the loser, or those of `fields`, as an ordinary ' +
        'change of the caller; it reaches every device like any other.',
      errors: ['forbidden', 'already_resolved', 'frozen', 'invalid_value', 'overloaded'],
    },
    (member, {params, body}) => resolveConflict(service, member, {id: params.id, request: body}),
  );
}
