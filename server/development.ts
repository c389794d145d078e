// What a developer gets on a fresh machine: a signed-in manager with a tenant, and commands to paste. Only
// without Clerk, and never in production (server/config.ts refuses that).
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {DevelopmentIssuer} from './auth/development-issuer.ts';
import type {Service} from './sync/service.ts';
import {createTenant, listTenants} from './sync/tenants.ts';

export interface DevelopmentAccess {
  readonly token: string;
  readonly tenantId: TenantId;
}

const manager = {subject: 'development_manager', email: 'manager@example.com', name: 'Development Manager'};

/** The same manager and tenant at every start; the token is fresh. */
export async function openDevelopmentAccess(
  service: Service,
  issuer: DevelopmentIssuer,
): Promise<DevelopmentAccess> {
  const token = await issuer.issue(manager);
  const user = await service.users.resolveUser({...manager, emailVerified: true});
  const {items} = await listTenants(service, {userId: user.id, limit: 1});
  const [tenant] = items;
  const tenantId = tenant?.id ?? (await createTenant(service, {userId: user.id, name: 'Development'})).id;
  return {token, tenantId};
}

/** What to do next, as text for a terminal. */
export function describeNextSteps(url: string, {token, tenantId}: DevelopmentAccess): string {
  return `
  Fieldmerge listens on ${url}

  A development manager is signed in; this token is good for 12 hours:

    export TOKEN=${token}
    export TENANT=${tenantId}

  Push a task, then pull everything:

    curl -s ${url}/v1/sync/push -H "Authorization: Bearer $TOKEN" -H "X-Tenant-Id: $TENANT" \\
      -H 'Content-Type: application/json' -d '{"deviceId":"00000000-0000-4000-8000-000000000001","changes":[{
      "op":"upsert","entity":"tasks","entityId":"00000000-0000-4000-8000-0000000000aa",
      "clientUpdatedAt":"'$(date -u +%Y-%m-%dT%H:%M:%S.000Z)'","payload":{"title":"Fix the pump"}}]}'

    curl -s ${url}/v1/sync/pull -H "Authorization: Bearer $TOKEN" -H "X-Tenant-Id: $TENANT"

  See two devices merge, and a conflict explained and undone: npm run demo
`;
}
