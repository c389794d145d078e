// What one employee sees, kept in memory while a device of theirs is connected, in step with the tenant's commits.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {recordName, type RecordKey} from '#db/records.ts';
import {readAccessEvents, readScope, type AccessEvent} from '#db/scope.ts';
import {withTenant} from '#db/transaction.ts';

/** Shared by all connections of the user. */
export interface LiveScope {
  readonly userId: string;
  /** Everything up to this position of the feed is taken into account. */
  position: number;
  names: Set<string>;
  connections: number;
}

export interface ScopeReader {
  readScope(
    tenantId: TenantId,
    userId: string,
  ): Promise<{readonly head: number; readonly records: readonly RecordKey[]}>;
  readEvents(tenantId: TenantId, range: {after: number; upTo: number}): Promise<readonly AccessEvent[]>;
}

export const createScopeReader = (pool: pg.Pool): ScopeReader => ({
  readScope: (tenantId, userId) =>
    withTenant(pool, tenantId, (client) => readScope(client, tenantId, userId)),
  readEvents: (tenantId, range) =>
    withTenant(pool, tenantId, (client) => readAccessEvents(client, tenantId, range)),
});

const NOTHING_READ = -1;

/** The scope of a user, not read yet if they are the first. */
export function joinScope({scopes}: {scopes: Map<string, LiveScope>}, userId: string): LiveScope {
  const scope = scopes.get(userId) ?? {userId, position: NOTHING_READ, names: new Set(), connections: 0};
  scopes.set(userId, scope);
  scope.connections++;
  return scope;
}

export function leaveScope({scopes}: {scopes: Map<string, LiveScope>}, scope: LiveScope): void {
  scope.connections--;
  if (scope.connections === 0 && scopes.get(scope.userId) === scope) scopes.delete(scope.userId);
}

/** Reads it anew, as of now. */
export async function loadScope(
  {scopes}: {scopes: ScopeReader},
  tenantId: TenantId,
  scope: LiveScope,
): Promise<void> {
  const {head, records} = await scopes.readScope(tenantId, scope.userId);
  scope.names = new Set(records.map(recordName));
  scope.position = Math.max(scope.position, head);
}

/** Takes in what a batch says; what is older than what was read is known already. */
export function followEvents(
  scope: LiveScope,
  {to, access}: {to: number; access: readonly AccessEvent[]},
): void {
  for (const {userId, entity, id, seq, granted} of access) {
    if (userId !== scope.userId || seq <= scope.position) continue;
    if (granted) scope.names.add(recordName({entity, id}));
    else scope.names.delete(recordName({entity, id}));
  }
  scope.position = Math.max(scope.position, to);
}
