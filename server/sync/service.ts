// The use cases as one object: what the edges (REST and the live socket) are given. Built once by main.ts and by
// tests, over a real database.
import type pg from 'pg';
import {RECORD_CACHE_BYTES_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTenantKeys, type TenantKeys} from '#db/tenant-keys.ts';
import type {Keyring, TenantCipher} from '#db/cipher.ts';
import {readDatabaseEpoch} from '#db/database-epoch.ts';
import {takeServerReplica} from '#db/replicas.ts';
import {noStore} from '../files/no-store.ts';
import type {OpenedStore} from '../files/open-store.ts';
import {noTracing, type Tracing} from '../tracing.ts';
import {createLocalBus, type Bus} from './bus.ts';
import {createCursors, type Cursors} from './cursor.ts';
import {createFanOut, type FanOut} from './fan-out.ts';
import {createFeed, type Feed} from './feed.ts';
import {createLanes, type LaneDeps, type Lanes} from './lane.ts';
import {createScopeReader} from './live-scope.ts';
import {createMembers, type Members} from './members.ts';
import type {InvitationSender} from './invitation-sender.ts';
import {joinNodes, type NodesDeps} from './nodes.ts';
import {createRecordCache, type RecordCache} from './record-cache.ts';
import {createReplicas, type Replicas} from './replicas.ts';
import {serverClientIdOf} from './server-client-id.ts';
import {createRevokedTokens, type RevokedTokens} from './revoked-tokens.ts';
import {createUsers, type FindProfile, type Users} from './users.ts';

export interface Service {
  readonly pool: pg.Pool;
  readonly keyring: Keyring;
  readonly tenantKeys: TenantKeys;
  readonly users: Users;
  readonly members: Members;
  readonly revokedTokens: RevokedTokens;
  readonly replicas: Replicas;
  /** Undefined: invitations are handed on by their code. */
  readonly invitationSender: InvitationSender | undefined;
  readonly lanes: Lanes;
  readonly feed: Feed;
  readonly cursors: Cursors;
  readonly fanOut: FanOut;
  readonly cache: RecordCache;
  /** Where attachments lie. */
  readonly files: OpenedStore;
  /** ms since epoch. */
  readonly now: () => number;
  readonly tracing: Tracing;
  /** Between the nodes on the database. */
  readonly bus: Bus;
  /** After a commit that changed who may see or write what; to this access version, if the caller knows it. */
  readonly accessChanged: (tenantId: TenantId, accessVersion?: number) => void;
  /** Listens to other nodes no more. The bus and the pool are their maker's to close, in this order. */
  readonly stop: () => Promise<void>;
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
  /** Absent: whatever asks for files is refused. */
  readonly openFiles?: (deps: {
    cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
    now: () => number;
  }) => OpenedStore;
  /** Absent: this node is the only one on the database. */
  readonly bus?: Bus;
  readonly onRepair?: NodesDeps['onRepair'];
  /** Absent: nobody receives traces. */
  readonly tracing?: Tracing;
}

/** The database must be migrated. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const {pool, keyring, now, findProfile, invitationSender, tracing = noTracing} = options;
  const tenantKeys = createTenantKeys({pool, keyring});
  const cipherOf = (tenantId: TenantId) => tenantKeys.cipherOf(tenantId);
  const epoch = await readDatabaseEpoch(pool);
  const cursors = createCursors(epoch);
  const cache = createRecordCache(RECORD_CACHE_BYTES_MAX);
  const feed = createFeed({pool, cipherOf});
  const onFault = (kind: string, error: unknown): void =>
    options.onFault({kind, tenantId: '' as TenantId, attempt: 1, error});
  const revokedTokens = createRevokedTokens({pool, now});
  await revokedTokens.refresh();
  const serverClientId = serverClientIdOf(epoch, await takeServerReplica(pool));
  // From here on without a wait: messages of other nodes come as soon as there is somebody to take them.
  const bus = options.bus ?? createLocalBus();
  const nodes = joinNodes({
    bus,
    pool: options.bus === undefined ? null : pool,
    fanOut: createFanOut({
      feed,
      scopes: createScopeReader(pool),
      onFault(error) {
        nodes.missed();
        onFault('fan-out', error);
      },
    }),
    forgetAccess(tenantId) {
      // A tenant that is erased has no members first, and no key.
      tenantKeys.forget(tenantId);
      members.forgetTenant(tenantId);
      lanes.forgetAccess(tenantId);
    },
    onRepair: options.onRepair ?? (() => undefined),
    onFault: (error) => onFault('poll', error),
  });
  const {fanOut} = nodes;
  const lanes = createLanes({
    pool,
    cache,
    cipherOf,
    serverClientId,
    readCursor: (tenantId) => (text) => cursors.peek(tenantId, text),
    onCommitted: (committed) =>
      tracing.child('fan-out', {records: committed.records.length}, () => fanOut.committed(committed)),
    tracing,
    onUncertain: (tenantId) => fanOut.hinted(tenantId),
    onFault: options.onFault,
    onFlush: options.onFlush ?? (() => undefined),
  });
  const members = createMembers({
    pool,
    now,
    // No record has changed, so there is nothing to read.
    onLogged: (tenantId, {firstSeq, lastSeq, at}) =>
      fanOut.committed({
        tenantId,
        from: firstSeq - 1,
        to: lastSeq,
        at,
        records: [],
        conflicts: [],
        access: [],
      }),
  });
  // The message is a hint: the list itself is in the database, and asked for now and then anyway.
  const askForRevoked = (): void =>
    void revokedTokens.refresh().catch((error: unknown) => onFault('revoked', error));
  const stopListening = bus.listen({sessionRevoked: askForRevoked, uncertain: askForRevoked});
  return {
    pool,
    keyring,
    tenantKeys,
    users: createUsers({pool, now, findProfile}),
    members,
    revokedTokens,
    replicas: createReplicas({pool}),
    invitationSender,
    lanes,
    feed,
    cursors,
    fanOut,
    cache,
    files: options.openFiles?.({cipherOf, now}) ?? noStore,
    now,
    tracing,
    bus,
    accessChanged: (tenantId, accessVersion) => nodes.accessChanged(tenantId, accessVersion),
    async stop() {
      stopListening();
      await nodes.stop();
    },
  };
}
