// Who the caller is.
import {me} from '#crdt/protocol/me.ts';
import {describeCaller} from '../sync/me.ts';
import {userRoute, type RouteDeps} from './route.ts';

export function mountMe(deps: RouteDeps): void {
  userRoute(
    deps,
    {
      method: 'get',
      path: '/v1/me',
      summary: 'The user, their tenants, and the member and device this request speaks for.',
      answer: me,
    },
    (caller) => describeCaller(deps.service, caller),
  );
}
