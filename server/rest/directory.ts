// Colleagues, for every member.
import {directoryQuery, directoryResponse} from '#crdt/protocol/directory.ts';
import {listDirectory} from '../sync/directory.ts';
import {memberRoute, type RouteDeps} from './route.ts';

export function mountDirectory(deps: RouteDeps): void {
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/directory',
      summary: 'The employees of the tenant as colleagues may know them.',
      query: directoryQuery,
      answer: directoryResponse,
      errors: ['bad_cursor'],
    },
    (member, {query}) => listDirectory(deps.service, member, query),
  );
}
