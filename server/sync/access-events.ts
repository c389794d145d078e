// The second half of a commit that changed who sees what: works out what came into or left the scope of employees,
// gives each its own position, and logs it. Runs while the transaction holds the tenant's counter.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import type {AuditRow} from '#db/audit-chain.ts';
import {findAccessChanges, saveAccessEvents, type AccessEvent, type ScopeSeeds} from '#db/scope.ts';

export interface CommittedAccess {
  readonly events: readonly AccessEvent[];
  /** The tenant's, with these events. */
  readonly scopeVersion: number;
}

/** after: the last position given out so far. Null where nobody's scope changed. */
export async function commitAccess(
  client: pg.ClientBase,
  tenantId: TenantId,
  {seeds, after}: {seeds: ScopeSeeds; after: number},
): Promise<CommittedAccess | null> {
  const changes = await findAccessChanges(client, tenantId, seeds);
  if (changes.length === 0) return null;
  const events = changes.map((change, index) => ({...change, seq: after + 1 + index}));
  const [{scopeVersion}] = await Promise.all([
    appendAudit(client, tenantId, events.map(auditRow), {changesScope: true}),
    saveAccessEvents(client, tenantId, events),
  ]);
  return {events, scopeVersion};
}

/** Nobody's doing by itself: what caused it stands just before it in the log. */
const auditRow = ({userId, entity, id, granted}: AccessEvent): AuditRow => ({
  action: granted ? 'access.granted' : 'access.lost',
  entity,
  recordId: id,
  userId: null,
  deviceId: null,
  summary: `${granted ? 'Came into' : 'Left'} the scope of member ${userId}.`,
  detail: null,
});
