// Who is told of a commit. One follower per open connection; per tenant a position, so that followers get
// every batch in order and without a hole. Another node's commits are read from the feed: the feed is the
// truth, whatever says that there is something new is only a hint.
import {openEntities} from '#crdt/entities/scope.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {recordName, type RecordKey} from '#db/records.ts';
import type {Feed, FeedItem} from './feed.ts';
import {
  followEvents,
  joinScope,
  leaveScope,
  loadScope,
  type LiveScope,
  type ScopeReader,
} from './live-scope.ts';
import type {Member} from './members.ts';
import type {Committed, CommittedRecord} from './submission.ts';

/**
 * Positions `from` + 1 to `to`. Records read from the feed have no deltas: their state is to be taken. A batch
 * whose `from` is past what its receiver has says that something was missed: then the receiver reads the feed.
 */
export interface Batch extends Committed {
  /**
   * Encoded once for all followers of an audience, whoever asks first. The bytes are shared: nobody may
   * write to them.
   */
  frame(audience: string, encode: (batch: Batch) => Uint8Array): Uint8Array;
}

export interface Follower {
  readonly member: Member;
  /** Called in order within a tenant. Must not throw and must not wait. */
  deliver(batch: Batch): void;
  /** The membership, role or device changed: the connection must end or start over. */
  revoked(): void;
}

export interface Following {
  /** Resolves once it is known what the member sees; rejects if that cannot be read. */
  readonly ready: Promise<void>;
  /** After the batch that was delivered last. */
  readonly sees: (key: RecordKey) => boolean;
  readonly stop: () => void;
}

export interface FanOut {
  /** Follows from now on. */
  follow(follower: Follower): Following;
  /** A commit of this node. */
  committed(committed: Committed): void;
  /** Something was committed elsewhere, at least up to `to` if that is known. */
  hinted(tenantId: TenantId, to?: number): void;
  /** Tells the followers of a tenant that access changed. */
  accessChanged(tenantId: TenantId): void;
  followers(tenantId?: TenantId): number;
}

interface Audience {
  readonly followers: Set<Follower>;
  /** Up to where every follower has been told; null until the first commit seen here. */
  position: number | null;
  /** What each employee among the followers sees, by user. */
  readonly scopes: Map<string, LiveScope>;
  /** Commits and reads of one tenant, one after the other. */
  work: Promise<void>;
}

export interface FanOutDeps {
  readonly feed: Pick<Feed, 'readAll' | 'readHead'>;
  readonly scopes: ScopeReader;
  readonly onFault: (error: unknown) => void;
}

const PAGE = 500;

export function createFanOut(deps: FanOutDeps): FanOut {
  const audiences = new Map<TenantId, Audience>();
  /** In its turn, like what is delivered. */
  const after = (audience: Audience, step: () => Promise<void>): Promise<void> => {
    const done = audience.work.then(step);
    audience.work = done.catch(() => undefined);
    return done;
  };
  const then = (tenantId: TenantId, audience: Audience, step: () => Promise<void> | void): void => {
    audience.work = audience.work.then(step).catch((error: unknown) => {
      // Whoever missed something reads the feed again on its next hint or reconnect.
      audience.position = null;
      deps.onFault(error);
    });
    void audience.work.then(() => {
      if (audience.followers.size === 0 && audiences.get(tenantId) === audience) audiences.delete(tenantId);
    });
  };
  return {
    follow(follower) {
      const {member} = follower;
      const {tenantId} = member;
      const audience = audiences.get(tenantId) ?? {
        followers: new Set(),
        position: null,
        scopes: new Map(),
        work: Promise.resolve(),
      };
      audiences.set(tenantId, audience);
      audience.followers.add(follower);
      const scope = member.role === 'manager' ? null : joinScope(audience, member.userId);
      return {
        ready: scope === null ? Promise.resolve() : after(audience, () => loadScope(deps, tenantId, scope)),
        sees: (key) =>
          scope === null || openEntities.includes(key.entity) || scope.names.has(recordName(key)),
        stop: () => {
          if (!audience.followers.delete(follower)) return;
          if (scope !== null) leaveScope(audience, scope);
          const isCurrent = audiences.get(tenantId) === audience;
          if (audience.followers.size === 0 && isCurrent) audiences.delete(tenantId);
        },
      };
    },
    committed(committed) {
      const audience = audiences.get(committed.tenantId);
      if (audience === undefined) return;
      // The common case, without a turn of the event loop: nothing is being read and nothing was missed.
      then(committed.tenantId, audience, () => {
        if (audience.position === null || audience.position === committed.from) {
          return deliver(deps, audience, batchOf(committed));
        }
        return readUpTo(deps, audience, committed);
      });
    },
    hinted(tenantId, to) {
      const audience = audiences.get(tenantId);
      if (audience === undefined) return;
      then(tenantId, audience, () => {
        if (to !== undefined && audience.position !== null && audience.position >= to) return;
        return readUpTo(deps, audience, {tenantId, conflicts: []});
      });
    },
    accessChanged(tenantId) {
      for (const follower of [...(audiences.get(tenantId)?.followers ?? [])]) follower.revoked();
    },
    followers: (tenantId) =>
      tenantId === undefined
        ? [...audiences.values()].reduce((sum, {followers}) => sum + followers.size, 0)
        : (audiences.get(tenantId)?.followers.size ?? 0),
  };
}

/** Answers a promise only where something must be read first. */
function deliver(deps: FanOutDeps, audience: Audience, batch: Batch): Promise<void> | void {
  const behind = [...audience.scopes.values()].filter((scope) => scope.position < batch.from);
  if (behind.length === 0) {
    hand(audience, batch);
    return;
  }
  return Promise.all(behind.map((scope) => loadScope(deps, batch.tenantId, scope))).then(() =>
    hand(audience, batch),
  );
}

function hand(audience: Audience, batch: Batch): void {
  audience.position = batch.to;
  for (const scope of audience.scopes.values()) followEvents(scope, batch);
  for (const follower of audience.followers) follower.deliver(batch);
}

/** Delivers what was committed since, from the feed. Conflicts are not in it: those that are known go along. */
async function readUpTo(
  deps: FanOutDeps,
  audience: Audience,
  {tenantId, conflicts}: Pick<Committed, 'tenantId' | 'conflicts'>,
): Promise<void> {
  if (audience.followers.size === 0) return;
  const common = {tenantId, at: new Date(), conflicts: [], access: []};
  // Followers have come to different positions by themselves: each sees by this one whether it missed something.
  if (audience.position === null) {
    const head = await deps.feed.readHead(tenantId);
    await deliver(deps, audience, batchOf({...common, from: head, to: head, records: []}));
  }
  for (let more = true; more;) {
    const from: number = audience.position ?? 0;
    const page = await deps.feed.readAll(tenantId, {after: from, limit: PAGE});
    const records = page.items.map(asCommitted);
    const {to, hasMore} = page;
    const access =
      audience.scopes.size === 0 ? [] : await deps.scopes.readEvents(tenantId, {after: from, upTo: to});
    if (to > from) await deliver(deps, audience, batchOf({...common, from, to, records, access}));
    more = hasMore;
  }
  const position = audience.position ?? 0;
  if (conflicts.length > 0) {
    await deliver(deps, audience, batchOf({...common, from: position, to: position, records: [], conflicts}));
  }
}

const asCommitted = ({entity, id, seq, generation, state}: FeedItem): CommittedRecord => ({
  entity,
  id,
  seq,
  generation,
  deltas: [],
  state,
});

function batchOf(committed: Committed): Batch {
  const frames = new Map<string, Uint8Array>();
  return {
    ...committed,
    frame(audience, encode) {
      const known = frames.get(audience);
      if (known !== undefined) return known;
      const made = encode(this);
      frames.set(audience, made);
      return made;
    },
  };
}
