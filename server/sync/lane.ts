// One queue per tenant through which every change is decided and committed, in groups: while one group
// commits, the next one gathers. Read this after crdt/apply-change.ts. A receipt means durable.
import {setImmediate as turnOfLoop, setTimeout as delay} from 'node:timers/promises';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {
  GROUP_ATTEMPTS_MAX,
  GROUP_BYTES_MAX,
  GROUP_CHANGES_MAX,
  LANE_QUEUE_MAX,
} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {faultOf} from './database-fault.ts';
import {CommitOutcomeUnknown} from '#db/transaction.ts';
import {flushGroup, RecordTooLarge} from './flush-group.ts';
import {AccessChanged, createLaneAccess, forgetAccess, trimAccess, type LaneAccess} from './lane-access.ts';
import {noTracing, type Tracing} from '../tracing.ts';
import type {FlushDeps} from './load-group.ts';
import {readCurrent} from './read-current.ts';
import {createLaneTurns, type LaneTurn, type LaneTurns} from './lane-turns.ts';
import type {Committed, CurrentState, Receipt, Submission} from './submission.ts';

export interface LaneDeps extends FlushDeps {
  /** Told of each commit, in order within a tenant, before its receipts resolve. */
  readonly onCommitted: (committed: Committed) => void;
  /** Something of the tenant may have been committed that `onCommitted` was never told of. */
  readonly onUncertain: (tenantId: TenantId) => void;
  /** Told of faults that the lane recovered from or gave up on. Never with field values. */
  readonly onFault: (fault: {kind: string; tenantId: TenantId; attempt: number; error: unknown}) => void;
  readonly onFlush: (flush: Flush) => void;
  /** A group serves many requests, so it is a trace of its own. */
  readonly tracing?: Tracing;
}

/** A group that was answered. */
export interface Flush {
  readonly receipts: readonly Receipt[];
  /** From taking the group to its commit. */
  readonly ms: number;
  /** When the first of its changes arrived, by the server's clock. */
  readonly since: number;
  /** Overwrites that it recorded. */
  readonly conflicts: number;
}

/** What all lanes together have before them. */
export interface LaneLoad {
  /** Changes waiting or being committed. */
  readonly changes: number;
  /** Tenants they are of. */
  readonly tenants: number;
  /** Milliseconds since the lane that has something to answer, and has answered nothing for longest, last did; else 0. */
  readonly stalledMs: number;
  /** Milliseconds since any lane did, while one has something to answer; else 0. */
  readonly quietMs: number;
}

export interface Lanes {
  /**
   * Resolves once the change is durable or refused for good. Rejects with `overloaded` at the bound of the
   * queue and `not_ready` if the database stays away: the same change may then be sent again.
   */
  submit(submission: Submission): Promise<Receipt>;
  /** Changes waiting or being committed, of one tenant. */
  depth(tenantId: TenantId): number;
  /** Looks at every lane: for whoever asks now and then. */
  load(): LaneLoad;
  /** Forgets what a lane knows of roles and scope, after a membership changed on this node. */
  forgetAccess(tenantId: TenantId): void;
  /** Resolves when everything submitted so far has its receipt. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly submission: Submission;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly tenantId: TenantId;
  readonly access: LaneAccess;
  readonly turn: LaneTurn;
  queue: Waiting[];
  committing: number;
  /** When it last answered a group, or began to work; milliseconds of performance.now. */
  movedAt: number;
  running: Promise<void> | null;
}

export function createLanes(deps: LaneDeps): Lanes {
  const lanes = new Map<TenantId, Lane>();
  const turns = createLaneTurns({
    now: () => performance.now(),
    wait: (ms) => delay(ms).then(() => turnOfLoop()),
  });
  return {
    submit(submission) {
      const lane = laneOf(lanes, submission.tenantId, turns);
      if (lane.queue.length >= LANE_QUEUE_MAX) return Promise.reject(new SyncError('overloaded'));
      return new Promise((resolve, reject) => {
        lane.queue.push({submission, resolve, reject});
        lane.running ??= run(deps, lane).finally(() => {
          if (lanes.size > LANES_KEPT_MAX && lane.running === null) lanes.delete(lane.tenantId);
        });
      });
    },
    depth(tenantId) {
      const lane = lanes.get(tenantId);
      return lane === undefined ? 0 : lane.queue.length + lane.committing;
    },
    load: () => loadOf([...lanes.values()]),
    forgetAccess(tenantId) {
      const lane = lanes.get(tenantId);
      if (lane !== undefined) forgetAccess(lane.access);
    },
    async idle() {
      for (const lane of lanes.values()) await lane.running;
    },
  };
}

function laneOf(lanes: Map<TenantId, Lane>, tenantId: TenantId, turns: LaneTurns): Lane {
  let lane = lanes.get(tenantId);
  if (lane === undefined) {
    lane = {
      tenantId,
      access: createLaneAccess(),
      turn: turns.join(),
      queue: [],
      committing: 0,
      movedAt: 0,
      running: null,
    };
    lanes.set(tenantId, lane);
  }
  return lane;
}

function loadOf(lanes: readonly Lane[]): LaneLoad {
  const at = performance.now();
  const working = lanes.filter(({running}) => running !== null);
  const latest = lanes.reduce((last, {movedAt}) => Math.max(last, movedAt), 0);
  return {
    changes: working.reduce((sum, {queue, committing}) => sum + queue.length + committing, 0),
    tenants: working.length,
    stalledMs: working.reduce((longest, {movedAt}) => Math.max(longest, at - movedAt), 0),
    quietMs: working.length === 0 ? 0 : at - latest,
  };
}

/** Lanes of idle tenants are kept up to here, for what they know of roles. */
const LANES_KEPT_MAX = 10_000;

/** Commits groups until nothing waits. Begins a microtask later, so that what arrives together goes together. */
async function run(deps: LaneDeps, lane: Lane): Promise<void> {
  lane.movedAt = performance.now();
  await Promise.resolve();
  while (lane.queue.length > 0) {
    lane.turn.begin();
    const group = takeGroup(lane, Math.min(GROUP_CHANGES_MAX, lane.turn.changesMax()));
    lane.committing = group.length;
    try {
      await settleGroup(deps, lane, group);
    } catch (error) {
      for (const {reject} of group) reject(new SyncError('internal', {cause: error}));
    }
    lane.committing = 0;
    lane.movedAt = performance.now();
    trimAccess(lane.access);
    lane.turn.end();
    if (lane.queue.length > 0 && lane.turn.isShared()) await lane.turn.rest();
  }
  // In the same step as the last look at the queue: what arrives a microtask later begins a new run.
  lane.running = null;
}

/** Bounded by count and bytes; a second change of the same name waits for the result of the first. */
function takeGroup(lane: Lane, changesMax: number): Waiting[] {
  const names = new Set<string>();
  let bytes = 0;
  let count = 0;
  for (const {submission} of lane.queue) {
    const {change, changeId, deviceId} = submission;
    if (count >= changesMax || bytes > GROUP_BYTES_MAX) break;
    if (changeId !== null) {
      const name = `${deviceId}/${changeId}`;
      if (names.has(name)) break;
      names.add(name);
    }
    bytes += change.kind === 'update' ? change.update.bytes.length : ESTIMATED_JSON_BYTES;
    count++;
  }
  return lane.queue.splice(0, count);
}

const ESTIMATED_JSON_BYTES = 512;

/**
 * Gives every change of the group its answer. A change that can never commit is found by halving the group,
 * so that it alone is refused; a database that is away is tried again for a while.
 */
async function settleGroup(deps: LaneDeps, lane: Lane, group: readonly Waiting[]): Promise<void> {
  const {tracing = noTracing} = deps;
  let isUncertain = false;
  let isContended = false;
  for (let attempt = 1; ; attempt++) {
    const error = await tracing.root('group commit', {changes: group.length}, () =>
      tryGroup(deps, lane, {group, isContended}),
    );
    if (error === null) {
      if (isUncertain) deps.onUncertain(lane.tenantId);
      return;
    }
    isUncertain ||= error instanceof CommitOutcomeUnknown;
    for (const {submission} of group) deps.cache.drop(lane.tenantId, submission.change);
    forgetAccess(lane.access);
    const fault = error instanceof AccessChanged ? 'access' : isPoison(error) ? 'poison' : faultOf(error);
    isContended ||= fault === 'access';
    deps.onFault({kind: fault, tenantId: lane.tenantId, attempt, error});
    if (fault === 'poison' || fault === 'bug') {
      await isolate(deps, lane, {group, error});
      // Where the mistake was made after COMMIT, nobody was told of what was committed.
      if (fault === 'bug') deps.onUncertain(lane.tenantId);
      return;
    }
    if (attempt >= GROUP_ATTEMPTS_MAX) {
      if (isUncertain) deps.onUncertain(lane.tenantId);
      for (const {reject} of group) reject(new SyncError('not_ready', {cause: error}));
      return;
    }
    // A changed role or a lost race can be decided again at once; a database that went away needs time.
    if (fault === 'away') await delay(RETRY_MS * 2 ** (attempt - 1));
  }
}

const RETRY_MS = 50;

const isPoison = (error: unknown): boolean => error instanceof RecordTooLarge || faultOf(error) === 'poison';

async function tryGroup(
  deps: LaneDeps,
  lane: Lane,
  {group, isContended}: {group: readonly Waiting[]; isContended: boolean},
): Promise<unknown> {
  const started = performance.now();
  try {
    const {receipts, committed, busyMs} = await flushGroup(deps, {
      tenantId: lane.tenantId,
      access: lane.access,
      submissions: group.map(({submission}) => submission),
      isContended,
    });
    lane.turn.kept(busyMs);
    const since = group[0]?.submission.now ?? 0;
    const conflicts = committed?.conflicts.length ?? 0;
    deps.onFlush({receipts, ms: performance.now() - started, since, conflicts});
    if (committed !== null) deps.onCommitted(committed);
    for (const [index, {resolve, reject}] of group.entries()) {
      const receipt = receipts[index];
      if (receipt === undefined) reject(new SyncError('internal'));
      else resolve(receipt);
    }
    return null;
  } catch (error) {
    return error ?? new Error('A group failed without saying why.');
  }
}

async function isolate(
  deps: LaneDeps,
  lane: Lane,
  {group, error}: {group: readonly Waiting[]; error: unknown},
): Promise<void> {
  const [first] = group;
  if (group.length === 1 && first !== undefined) {
    if (!isPoison(error)) first.reject(new SyncError('internal', {cause: error}));
    else await refuse(deps, lane, {waiting: first, error});
    return;
  }
  const middle = group.length >> 1;
  await settleGroup(deps, lane, group.slice(0, middle));
  await settleGroup(deps, lane, group.slice(middle));
}

/** With the record as it is, from which a Yjs device starts over: its next update would build on the refused one. */
async function refuse(
  deps: LaneDeps,
  {tenantId}: Lane,
  {waiting, error}: {waiting: Waiting; error: unknown},
): Promise<void> {
  try {
    waiting.resolve(uncommittable(error, await readCurrent(deps, tenantId, waiting.submission.change)));
  } catch (cause) {
    waiting.reject(new SyncError('not_ready', {cause}));
  }
}

function uncommittable(error: unknown, current: CurrentState | null): Receipt {
  const code = error instanceof RecordTooLarge ? 'record_too_large' : 'uncommittable';
  const message =
    code === 'record_too_large'
      ? 'The record would grow past its limit.'
      : 'The database refuses this value for good.';
  return {kind: 'rejected', error: {code, message}, seq: null, conflicts: [], refused: [], current};
}
