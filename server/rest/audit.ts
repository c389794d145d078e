// The tenant's log; managers only.
import {auditQuery, auditResponse} from '#crdt/protocol/audit.ts';
import {listAudit} from '../sync/audit-log.ts';
import {memberRoute, type RouteDeps} from './route.ts';

export function mountAudit(deps: RouteDeps): void {
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/audit',
      summary: 'Everything that was committed, in order: who did what to which record, and the values.',
      query: auditQuery,
      answer: auditResponse,
      errors: ['forbidden', 'bad_cursor', 'resync'],
    },
    (member, {query}) => listAudit(deps.service, member, query),
  );
}
