// What networks do to the lines between devices and a node, and between a node and Postgres: nothing acknowledged is lost,
// nothing hangs, nothing counts twice, and everything is current once the line is whole again.
import {expect, onTestFinished, test} from 'vitest';
import pg from 'pg';
import {createTestDatabase} from '#test/support/test-database.ts';
import {isCommit} from '#test/support/fault-proxy.ts';
import {startTcpProxy, type FaultProxy} from '#test/support/tcp-proxy.ts';
import {WAIT} from '#test/support/wait.ts';
import {checkWritten} from './check-written.ts';
import {asking, connectTo} from './node-callers.ts';
import {openCompany} from './own-postgres.ts';
import {startSteadyWriter, type SteadyWriter} from './steady-writer.ts';
import type {WholeNode, WholeNodeOptions} from './whole-node.ts';

const LONG = {timeout: 120_000};

interface Lines {
  readonly toNode: FaultProxy;
  readonly toPostgres: FaultProxy;
  readonly node: WholeNode;
  readonly writer: SteadyWriter;
  /** Status and detail of /readyz. */
  readonly readiness: () => Promise<readonly [number, string | undefined]>;
  /** The writer is done; all it was told of is there once, and a new device shows it. */
  readonly check: () => Promise<void>;
}

/** patienceMs: the writer's. */
async function layLines({
  patienceMs,
  ...waits
}: Pick<WholeNodeOptions, 'idleInTransactionMsMax'> & {patienceMs?: number} = {}): Promise<Lines> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const toPostgres = await startTcpProxy(database.url);
  const company = await openCompany();
  const node = await company.startNode(toPostgres.url, {answerMsMax: 1_000, ...waits});
  const manager = await company.newManager(node);
  const toNode = await startTcpProxy(`http://127.0.0.1:${node.port}`);
  const follower = await (await connectTo(node.port, manager.onNewDevice())).live();
  onTestFinished(() => follower.close());
  const writer = startSteadyWriter(manager, () => Number(new URL(toNode.url).port), {patienceMs});
  onTestFinished(() => writer.abandon());
  return {
    toNode,
    toPostgres,
    node,
    writer,
    async readiness() {
      const {status, body} = await asking(manager, node).get<{detail?: string}>('/readyz');
      return [status, body.detail];
    },
    async check() {
      await writer.stop();
      await checkWritten(writer, {owner: database.owner, person: manager, port: node.port});
      if (follower.closed === null)
        await follower.until(() => writer.acknowledged.every((id) => follower.records.has(`tasks/${id}`)));
    },
  };
}

interface Fault {
  readonly name: string;
  readonly strike: (line: FaultProxy) => void;
  /** While it lasts nothing comes through at all. */
  readonly isWhole?: boolean;
}

/** Both lines can have all of them. Ended by `accept` and an even pace. */
const faults: readonly Fault[] = [
  {name: 'late: 50 ms each way', strike: (line) => line.setPace({latencyMs: 50})},
  {name: 'slow: 8 KB a second', strike: (line) => line.setPace({bytesPerSecond: 8_192})},
  {name: 'half-open', strike: (line) => line.strand()},
  {name: 'partitioned', strike: (line) => line.silence(), isWhole: true},
  {name: 'refused', strike: (line) => line.refuse(), isWhole: true},
  {
    name: 'reset in the middle of what is sent',
    strike: (line) => line.cutNext({at: () => true, when: 'middle'}),
  },
  {
    name: 'reset in the middle of an answer',
    strike: (line) => line.cutNext({at: () => true, when: 'middle', direction: 'down'}),
  },
  {
    name: 'reset between what was asked and its answer',
    strike: (line) => line.cutNext({at: (sent) => sent.length > 20, when: 'after'}),
  },
];

const heal = (line: FaultProxy): void => {
  line.setPace({});
  line.accept();
};

const last = (until: () => boolean): Promise<void> => expect.poll(until, WAIT).toBe(true);

const lines = ['toNode', 'toPostgres'] as const;

test.each(lines.flatMap((line) => faults.map((fault) => ({...fault, line}))))(
  '$line: nothing is lost and all is current after the line was $name',
  LONG,
  async ({line: name, strike, isWhole = false}) => {
    const {writer, check, ...laid} = await layLines();
    const line = laid[name];
    await writer.more(5);
    strike(line);
    if (!isWhole) await writer.more(3);
    heal(line);
    await writer.more(5);
    expect(line.isArmed()).toBe(false);
    await check();
  },
);

test(
  'while Postgres cannot be reached the node says so and devices are told to try again, until all goes on by itself',
  LONG,
  async () => {
    const {toPostgres, writer, readiness, node, check} = await layLines({patienceMs: 60_000});
    await writer.more(3);
    expect(await readiness()).toEqual([200, undefined]);
    toPostgres.refuse();
    await last(() => writer.retries.length > 0);
    expect(await readiness()).toEqual([503, expect.stringContaining('database does not answer')]);
    expect(new Set(writer.retries)).toEqual(new Set(['not_ready']));
    heal(toPostgres);
    await expect.poll(readiness, WAIT).toEqual([200, undefined]);
    await writer.more(5);
    // Of the lane; and of what looks at the counters and reads for followers, which goes on too.
    expect(['away', 'poll', 'fan-out']).toEqual(expect.arrayContaining([...new Set(node.faults)]));
    await check();
  },
);

test.each(['before', 'in the middle of', 'after'] as const)(
  'connections reset %s their COMMIT leave each change applied once',
  LONG,
  async (moment) => {
    const when = moment === 'in the middle of' ? 'middle' : moment;
    const {toPostgres, writer, check} = await layLines();
    await writer.more(3);
    for (let cut = 0; cut < 10; cut++) {
      toPostgres.cutNext({at: isCommit, when});
      await last(() => !toPostgres.isArmed());
      await writer.more(1);
    }
    await check();
  },
);

test(
  'a line that goes silent in the middle of a commit holds its tenant up until Postgres gives that transaction up',
  LONG,
  async () => {
    const {toPostgres, writer, check} = await layLines({idleInTransactionMsMax: 1_000});
    await writer.more(3);
    // The transaction that it would end keeps its locks, the tenant's counter among them.
    const isCommitAlone = (sent: string): boolean => isCommit(sent) && !/BEGIN|at_once/.test(sent);
    toPostgres.cutNext({at: isCommitAlone, when: 'before', how: 'strand'});
    await last(() => !toPostgres.isArmed());
    await writer.more(5);
    await check();
  },
);

test(
  'a deadlock and a serialisation failure are decided again, whoever was chosen to give way',
  LONG,
  async () => {
    const {toPostgres, writer, node, check} = await layLines();
    await writer.more(2);
    const target = new URL(toPostgres.url);
    const owner = new pg.Pool({connectionString: target.href, max: 1});
    onTestFinished(() => owner.end());
    // Every third write of the log gives way; a sequence counts on although its transaction is rolled back.
    await owner.query(`
    CREATE SEQUENCE given_way;
    CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE turn bigint := nextval('given_way');
    BEGIN
      IF turn % 6 = 0 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
      IF turn % 3 = 0 THEN RAISE 'could not serialize access' USING ERRCODE = '40001'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER give_way AFTER INSERT ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION give_way()`);
    await writer.more(20);
    expect(new Set(node.faults)).toEqual(new Set(['race']));
    expect(writer.retries).toEqual([]);
    // It signs in on a new device, which is logged too and may have to give way.
    await check();
  },
);
