// What follows when the issuer says that an account or a sign-in is gone, or has changed. Events come late, twice and out
// of order: what one does may be done again, and one that was taken is noted with what it did.
import type pg from 'pg';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import type {WebhookOutcome} from '#crdt/protocol/webhooks.ts';
import type {AuditGroup} from '#db/audit.ts';
import {listTenantsEverOf} from '#db/memberships.ts';
import {insertRevokedClaim, type RevokedClaim} from '#db/revoked-tokens.ts';
import {withoutTenant} from '#db/transaction.ts';
import {findUser, refreshUser} from '#db/users.ts';
import {isWebhookEventTaken, takeWebhookEvent, type WebhookEventKey} from '#db/webhook-events.ts';
import {removeAccount, type AccountRemoval} from './account-removal.ts';
import {SESSION_ID_LENGTH_MAX, type Bus} from './bus.ts';
import type {RevokedTokens} from './revoked-tokens.ts';
import type {UserProfile, Users} from './users.ts';
import {normalizeAddress, normalizeText} from './users.ts';

export type AccountEvent =
  | {readonly kind: 'account-deleted'; readonly subject: string}
  | {
      readonly kind: 'account-changed';
      readonly subject: string;
      readonly profile: UserProfile;
      /** By the issuer's clock: an earlier one that comes later says nothing new. */
      readonly at: Date;
    }
  | {readonly kind: 'session-ended'; readonly sessionId: string};

export interface AccountEventDeps {
  readonly pool: pg.Pool;
  readonly users: Pick<Users, 'forgetUser'>;
  readonly revokedTokens: Pick<RevokedTokens, 'refresh'>;
  /** Hints to the other nodes, which would find out by themselves a little later. */
  readonly bus: Pick<Bus, 'publishSession'>;
  /** What was looked up of the user is no longer true. */
  readonly forgetProfile: (subject: string) => void;
  /** Called after each tenant's commit. */
  readonly onAccessChanged: (tenantId: TenantId, group: AuditGroup) => void;
  /** The tenant's only manager is gone: nobody in it can invite, review or resolve. */
  readonly onManagerless: (tenantId: TenantId) => void;
}

/** Durable once it resolves; should it reject, the event is to be delivered again. */
export async function takeAccountEvent(
  deps: AccountEventDeps,
  key: WebhookEventKey,
  event: AccountEvent,
): Promise<WebhookOutcome> {
  switch (event.kind) {
    case 'session-ended':
      return revoke(deps, key, {claim: 'sid', value: event.sessionId});
    case 'account-changed':
      return change(deps, key, event);
    case 'account-deleted':
      return remove(deps, key, event.subject);
  }
}

/** This node closes the sockets before it goes on. */
async function tellNodes(
  {revokedTokens, bus}: AccountEventDeps,
  {value}: Pick<RevokedClaim, 'value'>,
): Promise<void> {
  await revokedTokens.refresh();
  // Whoever hears it asks for all that is new, so that a user or part of a name serves as well.
  bus.publishSession(value.slice(0, SESSION_ID_LENGTH_MAX));
}

async function revoke(
  deps: AccountEventDeps,
  key: WebhookEventKey,
  claim: RevokedClaim,
): Promise<WebhookOutcome> {
  const isTaken = await withoutTenant(deps.pool, async (client) => {
    if (!(await takeWebhookEvent(client, key))) return false;
    await insertRevokedClaim(client, claim);
    return true;
  });
  // Also for a repeat: the first delivery may have been cut off right after its commit.
  await tellNodes(deps, claim);
  return isTaken ? 'taken' : 'repeated';
}

async function change(
  {pool, users, forgetProfile}: AccountEventDeps,
  key: WebhookEventKey,
  {subject, profile, at}: Extract<AccountEvent, {kind: 'account-changed'}>,
): Promise<WebhookOutcome> {
  const [email, name] = [normalizeAddress(profile.email), normalizeText(profile.name)];
  const {isTaken, userId} = await withoutTenant(pool, async (client) =>
    (await takeWebhookEvent(client, key))
      ? {isTaken: true, userId: await refreshUser(client, {subject, email, name, at})}
      : {isTaken: false, userId: undefined},
  );
  forgetProfile(subject);
  if (userId !== undefined) users.forgetUser(userId);
  return isTaken ? 'taken' : 'repeated';
}

/**
 * First the tokens are refused, so that nothing new begins; then each tenant lets the person go, in a transaction of its
 * own; and only then the event counts as taken. Interrupted anywhere, it is delivered again and goes on: what was done
 * is found done, and leaves no second entry in any log.
 */
async function remove(
  deps: AccountEventDeps,
  key: WebhookEventKey,
  subject: string,
): Promise<WebhookOutcome> {
  const {pool} = deps;
  if (await isWebhookEventTaken(pool, key)) return 'repeated';
  await withoutTenant(pool, (client) => insertRevokedClaim(client, {claim: 'sub', value: subject}));
  await tellNodes(deps, {value: subject});
  const user = await findUser(pool, subject);
  if (user !== undefined) await removeEverywhere(deps, user.id);
  deps.forgetProfile(subject);
  return (await withoutTenant(pool, (client) => takeWebhookEvent(client, key))) ? 'taken' : 'repeated';
}

async function removeEverywhere(deps: AccountEventDeps, userId: UserId): Promise<void> {
  for (const tenantId of await listTenantsEverOf(deps.pool, userId)) {
    const removal: AccountRemoval = await removeAccount(deps, {tenantId, userId});
    if (removal.group !== null) deps.onAccessChanged(tenantId, removal.group);
    if (removal.isManagerless) deps.onManagerless(tenantId);
  }
  deps.users.forgetUser(userId);
}
