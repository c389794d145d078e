// Many devices on two nodes write the same few records at once, over sockets and over REST; then everything is held
// against the model's oracle, which is told what arrived in the order of the feed.
import {setImmediate as nextTurn} from 'node:timers/promises';
import type pg from 'pg';
import {percentile} from '#bench/statistics.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {Watched} from '../conformance/watch.ts';
import {memberOf} from '../support/compacted.ts';
import type {TestNode} from '../support/nodes.ts';
import {randomFrom, type Random} from '../support/random.ts';
import type {Person} from '../support/world.ts';
import {checkReplicas} from '../model/history.ts';
import type {OperationKind} from '../model/plan.ts';
import {createStoredRecord} from '../model/stored-record.ts';
import {Journal} from './journal.ts';
import {LiveEditor} from './live-editor.ts';
import {readLogged} from './logged.ts';
import {createField, createPlot, makeRecords, writable, type Field, type Plot} from './plot.ts';
import {replay, type ReplayTally} from './replay.ts';
import {RestEditor} from './rest-editor.ts';

export interface Contention {
  readonly nodes: readonly [TestNode, TestNode];
  readonly edits: number;
  readonly seed: number;
  /** Devices of each kind, on each node. */
  readonly live: number;
  readonly rest: number;
  readonly records: number;
}

export interface ContentionReport {
  readonly tally: ReplayTally;
  readonly positions: readonly number[];
  readonly holes: number;
  /** Milliseconds, sorted: from the receipt on one node until a device of the other held it. */
  readonly deliveries: Float64Array;
  /** From a change's arrival at a lane to its receipt. */
  readonly commits: Float64Array;
  /** Of one group of changes, on either node. */
  readonly groups: Float64Array;
  /** That a bystander waited for the tenant's counter. */
  readonly lockWaits: Float64Array;
  readonly ms: number;
}

const STAMPS_BEHIND_MS = 10_000;
const REQUESTS_MAX = 3;

export async function runContention(contention: Contention): Promise<ContentionReport> {
  const {nodes, edits, seed} = contention;
  const random = randomFrom(seed);
  const manager = await nodes[0].world.newManager();
  const tenantId = manager.tenantId as TenantId;
  const journal = new Journal();
  for (const [place, {world}] of nodes.entries()) journal.observe(world.service, place);
  const plots = Array.from({length: contention.records}, (_, index) =>
    createPlot(writable[index % writable.length]!),
  );
  const field = createField(plots, {behindMs: STAMPS_BEHIND_MS});
  await makeRecords(field, manager);
  const cast = await openCast(contention, {field, manager});
  const budget = new Budget(edits);
  const observers = cast.flatMap(({live}) => (live.length === 0 ? [] : [watchArrivals(live[0]!)]));
  const probe = probeCounter(nodes[0].world.database.owner, tenantId, budget);
  const started = performance.now();
  await Promise.all(
    cast.flatMap(({live, rest}) => [
      ...live.map((editor) =>
        writeLive(editor, {field, budget, random: randomFrom(random.integer(2 ** 31))}),
      ),
      ...rest.map((editor) =>
        writeRest(editor, {field, budget, random: randomFrom(random.integer(2 ** 31))}),
      ),
    ]),
  );
  const ms = performance.now() - started;
  const lockWaits = await probe;
  const editors = cast.flatMap(({live}) => live);
  await settle(nodes[0], {tenantId, editors, plots});
  const tally = await checkAll(contention, {manager, field, journal, editors});
  const {positions} = await readLogged(nodes[0].world.service, nodes[0].world.database.owner, tenantId);
  return {
    tally,
    positions,
    holes: editors.reduce((sum, {live, holes}) => sum + holes + (live?.holes ?? 0), 0),
    deliveries: deliveriesOf(journal, observers),
    commits: sorted(journal.landings.map(({beganAt, endedAt}) => endedAt - beganAt)),
    groups: sorted(nodes.flatMap(({heard}) => heard.flushes.map((flush) => flush.ms))),
    lockWaits,
    ms,
  };
}

interface Cast {
  readonly live: readonly LiveEditor[];
  readonly rest: readonly RestEditor[];
}

/** The devices of each node. */
function openCast(
  {nodes, live, rest}: Contention,
  {field, manager}: {field: Field; manager: Person & {tenantId: string}},
): Promise<Cast[]> {
  return Promise.all(
    nodes.map(async ({world, live: server}): Promise<Cast> => {
      const {cursors} = world.service;
      const peek = (cursor: string): number => cursors.peek(manager.tenantId as TenantId, cursor) ?? NaN;
      const editors = Array.from(
        {length: live},
        () => new LiveEditor(field, {person: manager.onNewDevice()}),
      );
      await Promise.all(editors.map((editor) => editor.connect(server)));
      return {
        live: editors,
        rest: Array.from(
          {length: rest},
          () => new RestEditor({field, peek}, world.here(manager.onNewDevice())),
        ),
      };
    }),
  );
}

/** Edits that are still to be made. */
class Budget extends Watched {
  left: number;

  constructor(left: number) {
    super();
    this.left = left;
  }

  take(): void {
    this.left--;
    this.changed();
  }
}

interface Work {
  readonly field: Field;
  readonly budget: Budget;
  readonly random: Random;
}

/** Most are writes of one value: these are what meets. */
const kinds: readonly OperationKind[] = [
  ...Array.from({length: 14}, () => 'write' as const),
  'writeSeveral',
  'writeSeveral',
  'text',
  'text',
  'deleteRecord',
];

const chosen = (random: Random): {kind: OperationKind; what: number; how: number} => ({
  kind: random.pick(kinds),
  what: random.integer(1_000),
  how: random.integer(1_000),
});

async function writeLive(editor: LiveEditor, {field, budget, random}: Work): Promise<void> {
  while (budget.left > 0) {
    for (let count = 1 + random.integer(3); count > 0 && budget.left > 0; count--) {
      if (editor.edit(random.pick(field.plots), chosen(random))) budget.take();
    }
    if (random.chance(0.05)) editor.sendAgain(random.pick(field.plots));
    editor.send();
    // A turn even where nothing waits, so that others get theirs.
    await nextTurn();
    await editor.until(() => editor.waiting < REQUESTS_MAX);
  }
  while (!editor.isDone) {
    await editor.settled();
    if (!editor.isConnected) throw new Error('a connection ended, and nobody had asked for that');
    editor.send();
  }
  await editor.settled();
}

async function writeRest(editor: RestEditor, {field, budget, random}: Work): Promise<void> {
  while (budget.left > 0) {
    await editor.pull();
    for (let count = 1 + random.integer(5); count > 0 && budget.left > 0; count--) {
      if (editor.edit(random.pick(field.plots), chosen(random))) budget.take();
    }
    await editor.push();
  }
  while (!editor.isDone) await editor.push();
}

/** Everyone holds everything, and both nodes have looked at every record since. */
async function settle(
  {world}: TestNode,
  {tenantId, editors, plots}: {tenantId: TenantId; editors: readonly LiveEditor[]; plots: readonly Plot[]},
): Promise<void> {
  for (const editor of editors) for (const plot of plots) editor.sendAgain(plot);
  for (const editor of editors) await editor.settled();
  const {rows} = await world.database.owner.query<{seq: number}>(
    'SELECT seq FROM tenant_counters WHERE tenant_id = $1',
    [tenantId],
  );
  for (const {live} of editors) await live?.reached(rows[0]!.seq);
}

async function checkAll(
  {nodes}: Contention,
  {
    manager,
    field,
    journal,
    editors,
  }: {manager: Person; field: Field; journal: Journal; editors: readonly LiveEditor[]},
): Promise<ReplayTally> {
  const [{world}] = nodes;
  const reader = await memberOf(world, manager);
  const logged = await readLogged(world.service, world.database.owner, reader.tenantId);
  const total: ReplayTally = {merges: 0, conflicts: 0, refused: 0, unchanged: 0, outside: 0};
  for (const plot of field.plots) {
    const landings = journal.ofRecord(plot.id);
    const {oracle, tally} = replay({field, plot, landings, logged, isEmployee: () => false});
    for (const name of Object.keys(total) as (keyof ReplayTally)[]) total[name] += tally[name];
    const {id, vocabulary} = plot;
    const {entity} = vocabulary;
    for (const {
      world: {service},
    } of nodes) {
      const {cache, feed} = service;
      const cached = cache.get(reader.tenantId, {entity, id});
      if (cached === undefined) throw new Error('a node does not hold a record that it was asked for');
      const {state, seq, record} = cached;
      await checkReplicas({
        vocabulary,
        oracle,
        devices: editors.map(({devices}) => devices.get(id)!),
        server: {
          ...createStoredRecord({feed, reader, entity, id}),
          whole: () => Promise.resolve({bytes: state, seq, generation: record.generation}),
        },
      });
    }
  }
  return total;
}

interface Arrivals {
  readonly editor: LiveEditor;
  /** In order of position. */
  readonly seen: readonly {position: number; at: number}[];
}

/** When a device came to which position. */
function watchArrivals(editor: LiveEditor): Arrivals {
  const seen: {position: number; at: number}[] = [];
  const {live} = editor;
  void (async () => {
    while (live !== null && live.closed === null) {
      const {position} = live;
      seen.push({position, at: performance.now()});
      await live.until(() => live.position > position || live.closed !== null);
    }
  })();
  return {editor, seen};
}

function deliveriesOf({landings}: Journal, observers: readonly Arrivals[]): Float64Array {
  const took: number[] = [];
  for (const [place, {seen}] of observers.entries()) {
    let index = 0;
    const elsewhere = landings
      .flatMap(({node, receipt, endedAt}) =>
        node !== place && receipt?.kind === 'applied' && receipt.seq !== null
          ? [{seq: receipt.seq, endedAt}]
          : [],
      )
      .sort((a, b) => a.seq - b.seq);
    for (const {seq, endedAt} of elsewhere) {
      while (index < seen.length && seen[index]!.position < seq) index++;
      // It may be there before the receipt has been looked at.
      if (index < seen.length) took.push(Math.max(0, seen[index]!.at - endedAt));
    }
  }
  return sorted(took);
}

/** Asks for the row that every commit of the tenant takes last, as a third node would, while there is work left. */
async function probeCounter(owner: pg.Pool, tenantId: TenantId, budget: Budget): Promise<Float64Array> {
  const waits: number[] = [];
  const client = await owner.connect();
  while (budget.left > 0) {
    const next = Math.max(0, budget.left - EDITS_PER_PROBE);
    await client.query('BEGIN');
    const asked = performance.now();
    await client.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
    waits.push(performance.now() - asked);
    await client.query('COMMIT');
    await budget.until(() => budget.left <= next);
  }
  client.release();
  return sorted(waits);
}

const EDITS_PER_PROBE = 20;

const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

/** "median 1.2 ms, p99 3.4 ms of 56". */
export const describeMs = (values: Float64Array): string =>
  `median ${percentile(values, 0.5).toFixed(1)} ms, p99 ${percentile(values, 0.99).toFixed(1)} ms of ${values.length}`;
