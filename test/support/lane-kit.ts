// A tenant on a database of its own and one or more server nodes over it, without edges: tests hand submissions
// to the lanes themselves.
import {randomUUID} from 'node:crypto';
import type pg from 'pg';
import {onTestFinished, vi} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {connectDatabase, type Database} from '#db/connect.ts';
import type {Batch} from '#server/sync/fan-out.ts';
import type {LaneDeps} from '#server/sync/lane.ts';
import type {Member} from '#server/sync/members.ts';
import {createService, type Service} from '#server/sync/service.ts';
import type {Receipt, Submission} from '#server/sync/submission.ts';
import {createTenancy, type Tenancy} from './tenancy.ts';
import {createTestDatabase} from './test-database.ts';
import {WAIT} from './wait.ts';

export interface Fault {
  readonly kind: string;
  readonly error: unknown;
}

export interface Node {
  readonly service: Service;
  /** In the order they were reported. */
  readonly faults: readonly Fault[];
  /** Changes per committed group. */
  readonly groups: readonly number[];
  /** Conflicts per committed group. */
  readonly conflicts: readonly number[];
  submit(submission: Submission): Promise<Receipt>;
}

export interface Arena {
  readonly url: string;
  readonly database: Database;
  /** Sees and changes everything. */
  readonly owner: pg.Pool;
  readonly tenancy: Tenancy;
  readonly tenantId: TenantId;
  readonly manager: Member;
  /** A server of its own over the same database; `url` to reach it another way. */
  startNode(options?: {url?: string; poolSize?: number; now?: () => number}): Promise<Node>;
}

/** Goes away with the test that runs. */
export async function createArena(): Promise<Arena> {
  const {url, database, owner, drop} = await createTestDatabase({poolSize: 6});
  onTestFinished(drop);
  const tenancy = createTenancy(database.pool);
  const {tenantId, manager} = await tenancy.newTenant();
  return {
    url,
    database,
    owner,
    tenancy,
    tenantId,
    manager,
    async startNode({url: other = url, poolSize = 4, now = Date.now} = {}) {
      const connected = connectDatabase({url: other, poolSize, applicationName: `node ${randomUUID()}`});
      onTestFinished(() => connected.end());
      return startNode({pool: connected.pool, keyring: tenancy.keyring, now});
    },
  };
}

async function startNode(options: Pick<Service, 'pool' | 'keyring' | 'now'>): Promise<Node> {
  const faults: Fault[] = [];
  const groups: number[] = [];
  const conflicts: number[] = [];
  const onFault: LaneDeps['onFault'] = ({kind, error}) => void faults.push({kind, error});
  const service = await createService({
    ...options,
    onFault,
    onFlush(flush) {
      groups.push(flush.receipts.length);
      conflicts.push(flush.conflicts);
    },
  });
  return {service, faults, groups, conflicts, submit: (submission) => service.lanes.submit(submission)};
}

/** What followers of a node are told while the test runs, or until `stop`. */
export function follow({service}: Pick<Node, 'service'>, member: Member) {
  const batches: Batch[] = [];
  const {ready, stop} = service.fanOut.follow({
    member,
    deliver: (batch) => void batches.push(batch),
    revoked: () => undefined,
  });
  return {batches, ready, stop, to: () => batches.at(-1)?.to ?? -1};
}

/** The receipt of a change that must have been kept. */
export function kept(receipt: Receipt): Extract<Receipt, {kind: 'applied' | 'unchanged'}> {
  if (receipt.kind === 'applied' || receipt.kind === 'unchanged') return receipt;
  throw new Error(
    `Not kept: ${receipt.kind} ${receipt.kind === 'rejected' ? JSON.stringify(receipt.error) : ''}`,
  );
}

/** Runs a statement as the owner of the tables and answers its rows. */
export async function query<Row extends object>(
  {owner}: Pick<Arena, 'owner'>,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await owner.query<Row>(text, values)).rows;
}

/** Resolves once as many connections to the database wait for locks, to their process ids. */
export async function untilWaiting({owner}: Pick<Arena, 'owner'>, count = 1): Promise<number[]> {
  return vi.waitUntil(async () => {
    const rows = await query<{pid: number}>(
      {owner},
      `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return rows.length === count && rows.map(({pid}) => pid);
  }, WAIT);
}
