// One node among several: tells the others of what is committed here, and passes on what it hears from them. Messages
// may be lost, so the counters of the tenants that somebody here follows are looked at all the time: what a
// message should have said, they say too.
import type pg from 'pg';
import {NODE_POLL_MS, NODE_POLL_TENANTS_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {readMovedCounters, type MovedCounter} from '#db/counters.ts';
import {ACCESS_UNKNOWN, POSITION_UNKNOWN, type Bus} from './bus.ts';
import type {FanOut} from './fan-out.ts';
import {startPoll, type Poll} from './poll.ts';
import {createToldTenants, type ToldTenants} from './told-tenants.ts';

/** What the counters said before any message did. */
export interface Repair {
  readonly kind: 'position' | 'access';
  /** Since the tenant's last commit. */
  readonly lagMs: number;
}

export interface NodesDeps {
  readonly bus: Bus;
  /** Null: no other node is on the database, so nobody has to look at counters. */
  readonly pool: pg.Pool | null;
  readonly fanOut: FanOut;
  /** Forgets what this node knows of a tenant's members. */
  readonly forgetAccess: (tenantId: TenantId) => void;
  readonly onRepair: (repair: Repair) => void;
  readonly onFault: (error: unknown) => void;
}

export interface Nodes {
  /** For the use cases of this node: what they tell it, the other nodes are told too. */
  readonly fanOut: FanOut;
  /** accessVersion: as committed, if the caller knows it. It saves every connection a second check. */
  accessChanged(tenantId: TenantId, accessVersion?: number): void;
  /** Followers of some tenant may have missed something: all are told anew with the next look at the counters. */
  missed(): void;
  stop(): Promise<void>;
}

export function joinNodes(deps: NodesDeps): Nodes {
  const {bus, fanOut, pool} = deps;
  const told = createToldTenants(fanOut);
  const hint = (tenantId: TenantId, to?: number): void => {
    if (to !== undefined) told.upTo(tenantId, to);
    fanOut.hinted(tenantId, to);
  };
  const takeAccess = (tenantId: TenantId, accessVersion: number): void => {
    told.access(tenantId, accessVersion);
    deps.forgetAccess(tenantId);
    fanOut.accessChanged(tenantId);
  };
  const poll = pool === null ? null : startCounterPoll({...deps, pool}, {told, takeAccess});
  const unlisten = bus.listen({
    news({tenantId, to, accessVersion}) {
      // Before the hint: connections are sent nothing more until they have been checked.
      if (accessVersion !== null) takeAccess(tenantId, accessVersion);
      hint(tenantId, to === POSITION_UNKNOWN ? undefined : to);
    },
    uncertain: () => poll?.soon(),
  });
  return {
    fanOut: {
      ...fanOut,
      follow(follower) {
        const {tenantId} = follower.member;
        told.follow(follower.member);
        const following = fanOut.follow(follower);
        return {
          ...following,
          stop() {
            following.stop();
            told.unfollow(tenantId);
          },
        };
      },
      committed(committed) {
        const {tenantId, to} = committed;
        told.upTo(tenantId, to);
        fanOut.committed(committed);
        bus.publish({tenantId, to, accessVersion: null});
      },
      hinted(tenantId, to) {
        hint(tenantId, to);
        bus.publish({tenantId, to: to ?? POSITION_UNKNOWN, accessVersion: null});
      },
    },
    accessChanged(tenantId, accessVersion = ACCESS_UNKNOWN) {
      takeAccess(tenantId, accessVersion);
      bus.publish({tenantId, to: 0, accessVersion});
    },
    missed: () => told.forgetPositions(),
    async stop() {
      unlisten();
      await poll?.stop();
    },
  };
}

interface CounterPollDeps extends Pick<NodesDeps, 'fanOut' | 'onRepair' | 'onFault'> {
  readonly pool: pg.Pool;
}

function startCounterPoll(
  {pool, fanOut, onRepair, onFault}: CounterPollDeps,
  {told, takeAccess}: {told: ToldTenants; takeAccess: (tenantId: TenantId, accessVersion: number) => void},
): Poll {
  const take = ({tenantId, seq, accessVersion, ageMs: lagMs}: MovedCounter): void => {
    // As it is now: a message may have come while the counters were read.
    const known = told.get(tenantId);
    if (known === undefined) return;
    const isPositionMissed = known.seq !== null && seq > known.seq;
    if (accessVersion > known.accessVersion) {
      takeAccess(tenantId, accessVersion);
      onRepair({kind: 'access', lagMs});
    }
    if (isPositionMissed) onRepair({kind: 'position', lagMs});
    told.upTo(tenantId, seq, {isAll: true});
    fanOut.hinted(tenantId, seq);
  };
  return startPoll({
    everyMs: NODE_POLL_MS,
    async round() {
      const known = told.list();
      for (let from = 0; from < known.length; from += NODE_POLL_TENANTS_MAX) {
        const some = known.slice(from, from + NODE_POLL_TENANTS_MAX);
        for (const moved of await readMovedCounters(pool, some)) take(moved);
      }
    },
    onFault,
  });
}
