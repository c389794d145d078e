// The use cases as one object: what the edges (REST and the live socket) are given. Built once by main.ts and by
// tests, over a real database.
import type pg from 'pg';
import {RECORD_CACHE_BYTES_MAX, SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTenantKeys, type TenantKeys} from '#db/tenant-keys.ts';
import type {Keyring} from '#db/cipher.ts';
import {readDatabaseEpoch} from '#db/database-epoch.ts';
import {takeServerReplica} from '#db/replicas.ts';
import {createCursors, type Cursors} from './cursor.ts';
import {createFanOut, type FanOut} from './fan-out.ts';
import {createFeed, type Feed} from './feed.ts';
import {createLanes, type LaneDeps, type Lanes} from './lane.ts';
import {createMembers, type Members} from './members.ts';
import type {InvitationSender} from './invitation-sender.ts';
import {createRecordCache, type RecordCache} from './record-cache.ts';
import {createRevokedTokens, type RevokedTokens} from './revoked-tokens.ts';
import {createUsers, type FindProfile, type Users} from './users.ts';

export interface Service {
  readonly pool: pg.Pool;
  readonly keyring: Keyring;
  readonly tenantKeys: TenantKeys;
  readonly users: Users;
  readonly members: Members;
  readonly revokedTokens: RevokedTokens;
  /** Undefined: invitations are handed on by their code. */
  readonly invitationSender: InvitationSender | undefined;
  readonly lanes: Lanes;
  readonly feed: Feed;
  readonly cursors: Cursors;
  readonly fanOut: FanOut;
  readonly cache: RecordCache;
  /** ms since epoch. */
  readonly now: () => number;
  /** After a commit that changed who may see or write what. */
  readonly accessChanged: (tenantId: TenantId) => void;
}

export interface ServiceOptions {
  readonly pool: pg.Pool;
  readonly keyring: Keyring;
  readonly now: () => number;
  readonly onFault: LaneDeps['onFault'];
  readonly onFlush?: LaneDeps['onFlush'];
  /** Absent: tokens alone say who a user is. */
  readonly findProfile?: FindProfile | undefined;
  readonly invitationSender?: InvitationSender | undefined;
}

/** The database must be migrated. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const {pool, keyring, now, findProfile, invitationSender} = options;
  const tenantKeys = createTenantKeys({pool, keyring});
  const cipherOf = (tenantId: TenantId) => tenantKeys.cipherOf(tenantId);
  const cursors = createCursors(await readDatabaseEpoch(pool));
  const cache = createRecordCache(RECORD_CACHE_BYTES_MAX);
  const feed = createFeed({pool, cipherOf});
  const fanOut = createFanOut({
    feed,
    onFault: (error) => options.onFault({kind: 'fan-out', tenantId: '' as TenantId, attempt: 1, error}),
  });
  const lanes = createLanes({
    pool,
    cache,
    cipherOf,
    serverClientId: SERVER_CLIENT_ID_MIN + (await takeServerReplica(pool)),
    readCursor: (tenantId) => (text) => cursors.peek(tenantId, text),
    onCommitted: (committed) => fanOut.committed(committed),
    onUncertain: (tenantId) => fanOut.hinted(tenantId),
    onFault: options.onFault,
    onFlush: options.onFlush ?? (() => undefined),
  });
  const members = createMembers({
    pool,
    now,
    onLogged: (tenantId, {lastSeq}) => fanOut.hinted(tenantId, lastSeq),
  });
  const revokedTokens = createRevokedTokens({pool, now});
  await revokedTokens.refresh();
  return {
    pool,
    keyring,
    tenantKeys,
    users: createUsers({pool, now, findProfile}),
    members,
    revokedTokens,
    invitationSender,
    lanes,
    feed,
    cursors,
    fanOut,
    cache,
    now,
    accessChanged(tenantId) {
      members.forgetTenant(tenantId);
      lanes.forgetAccess(tenantId);
      fanOut.accessChanged(tenantId);
    },
  };
}
