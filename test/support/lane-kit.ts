// A tenant on a database of its own and one or more server nodes over it, without edges: tests hand submissions
// to the lanes themselves.
import {randomUUID} from 'node:crypto';
import type pg from 'pg';
import {onTestFinished, vi} from 'vitest';
import * as Y from 'yjs';
import type {Base, JsonChange} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import {connectDatabase, type Database} from '#db/connect.ts';
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

type JsonInput = Pick<JsonChange, 'entity' | 'id' | 'payload'> &
  Partial<Pick<JsonChange, 'op' | 'changeId' | 'at'>> & {base?: Base; named?: boolean};

/** Of a JSON change under a new name, made on the current state, unless said otherwise. */
export function jsonSubmission(member: Member, input: JsonInput): Submission {
  const {tenantId, userId, deviceId} = member;
  const {named = true, ...given} = input;
  const now = Date.now();
  const change: JsonChange = {
    kind: 'json',
    op: 'upsert',
    changeId: randomUUID(),
    at: now,
    base: {kind: 'current'},
    ...given,
  };
  return {tenantId, userId, deviceId, change, now, offset: 0, changeId: named ? change.changeId : null};
}

/** A device's copy of one record, as a stock Yjs client keeps it. */
export interface Replica {
  readonly doc: Y.Doc;
  generation: number;
  /** Runs an edit and answers the submission of what it did. */
  edit(change: (doc: Y.Doc) => void): Submission;
  set(key: string, value: unknown, at?: number): Submission;
  receive(state: Uint8Array): void;
}

const randomClientId = (): number => Math.floor(Math.random() * DEVICE_CLIENT_ID_MAX);

export function createReplica(member: Member, key: {entity: EntityName; id: string}): Replica {
  const doc = new Y.Doc({gc: false});
  doc.clientID = randomClientId();
  const replica: Replica = {
    doc,
    generation: 0,
    edit(change) {
      const before = Y.encodeStateVector(doc);
      doc.transact(() => change(doc));
      return updateSubmission(member, {
        ...key,
        bytes: Y.encodeStateAsUpdate(doc, before),
        generation: replica.generation,
        ownClients: [doc.clientID],
      });
    },
    set: (name, value, at = Date.now()) => replica.edit(() => doc.getMap('fields').set(name, [at, value])),
    receive: (state) => Y.applyUpdate(doc, state),
  };
  return replica;
}

export function updateSubmission(
  member: Member,
  update: {
    entity: EntityName;
    id: string;
    bytes: Uint8Array;
    generation: number;
    ownClients: readonly number[];
  },
): Submission {
  const {tenantId, userId, deviceId} = member;
  const {entity, id, generation} = update;
  const parsed = parseUpdate(update.bytes);
  if (!parsed.ok) throw new Error(`The parser refused an update: ${parsed.message}`);
  const ownClients = new Set(update.ownClients);
  return {
    tenantId,
    userId,
    deviceId,
    now: Date.now(),
    offset: 0,
    changeId: null,
    change: {kind: 'update', entity, id, generation, update: parsed.update, ownClients},
  };
}

/** The receipt of a change that must have been kept. */
export function kept(receipt: Receipt): Extract<Receipt, {kind: 'applied' | 'unchanged'}> {
  if (receipt.kind === 'applied' || receipt.kind === 'unchanged') return receipt;
  throw new Error(
    `Not kept: ${receipt.kind} ${receipt.kind === 'rejected' ? JSON.stringify(receipt.error) : ''}`,
  );
}

/** A new task's record id, and its creation. */
export function newTask(
  member: Member,
  title = 'Mend the roof',
): {entity: 'tasks'; id: string; create: Submission} {
  const key = {entity: 'tasks' as const, id: randomUUID()};
  return {...key, create: jsonSubmission(member, {...key, payload: {title}})};
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
